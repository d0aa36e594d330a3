"""What importing the client, and asking for help, must not import."""

import subprocess
import sys

import pytest

HEAVY = ["torch", "fastapi", "rq", "redis", "typer", "rich", "matplotlib"]
OTHERS = ["crossjudge.service", "crossjudge.worker", "crossjudge.trainer"]

USE_THE_CLIENT = (
    "from crossjudge.client import Client, AsyncClient, Problem, Grid, Limits, CrossjudgeError; "
    "Client().close(); Problem(solutions=['a'], tests=['b'])"
)


def loaded_by(code: str, names: list[str]) -> list[str]:
    program = f"{code}\nimport sys\nprint([name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded: list[str] = eval(done.stdout.splitlines()[-1])
    return loaded


def test_the_client_imports_nothing_heavy() -> None:
    assert loaded_by(USE_THE_CLIENT, HEAVY + OTHERS) == []


def test_the_import_check_sees_what_is_imported() -> None:
    assert loaded_by("import rich, typer", HEAVY) == ["typer", "rich"]


HELP = """
import sys
from crossjudge.client.cli import app
sys.argv = ['crossjudge', {words}]
try:
    app()
except SystemExit:
    pass
"""


@pytest.mark.parametrize(
    ("words", "more"), [("'--help'", ["numpy", "httpx2", "pydantic", *OTHERS[1:]]), ("'verify', '--help'", OTHERS)]
)
def test_help_imports_no_service_and_no_worker(words: str, more: list[str]) -> None:
    commands = ["torch", "fastapi", "rq", "redis", "matplotlib", *more]
    assert loaded_by(HELP.format(words=words), commands) == []
