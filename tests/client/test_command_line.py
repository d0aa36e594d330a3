"""The command line's loader, and doctor."""

import json
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint, version
from pathlib import Path

import pytest

from crossjudge.client import checks, doctor
from crossjudge.client._settings import address_of
from crossjudge.client.cli import GROUP, extra_for, summary_of
from crossjudge.contracts import Check
from pretend_service import PretendService, refusal


def crossjudge(*words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crossjudge.client", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_help_lists_every_command_with_what_it_does() -> None:
    out = crossjudge("--help").stdout
    for name in ("verify", "doctor", "demo", "up", "serve", "worker", "keys"):
        assert f"│ {name} " in out
    assert "Judge a file of problems" in out


def test_the_version_is_that_of_the_installation() -> None:
    assert crossjudge("--version").stdout.split() == ["crossjudge", version("crossjudge")]


def test_an_unknown_command_is_an_error() -> None:
    assert "No such command" in crossjudge("nope", status=2).stderr


def test_each_command_says_in_its_source_what_it_does() -> None:
    assert summary_of(EntryPoint("doctor", "crossjudge.client.doctor:doctor", GROUP)) == (
        "Say what of the sandbox, the queue and the GPU works on this machine, and how to mend what does not."
    )
    assert summary_of(EntryPoint("keys", "crossjudge.service.key_commands:keys", GROUP)) == (
        "Make, list and revoke the API keys by which clients of other machines are let in."
    )
    assert summary_of(EntryPoint("x", "crossjudge.nowhere.commands:x", GROUP)) is None


LOADED = """
from importlib.metadata import EntryPoint
import typer
from crossjudge.client import cli
app = typer.Typer(cls=cli.LazyGroup)
app.callback()(lambda: None)
cli._entry = lambda name: EntryPoint(name, {target!r}, cli.GROUP)
app(["thing"])
"""


def run_loaded(target: str, folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    (folder / "its_commands.py").write_text(source)
    command = [sys.executable, "-c", LOADED.format(target=target)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_a_missing_extra_is_named_and_not_a_traceback(tmp_path: Path) -> None:
    package = tmp_path / "its_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "worker.py").write_text("import no_such_library\n")
    done = run_loaded("its_package.worker:run", tmp_path, "")
    assert done.returncode == 1
    assert done.stderr == (
        "crossjudge: `thing` needs no_such_library, which is not installed: pip install 'crossjudge[worker]'\n"
    )


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("scipy", "trainer", "selectors"),  # not the extra that brings torch too
        ("torch", "trainer", "trainer"),
        ("matplotlib", "trainer", "plot"),
        ("rq", "service", "service"),
        ("rq", "worker", "worker"),
        ("fastapi_offline", "service", "service"),
        ("no_such_library", "worker", "worker"),
    ],
)
def test_the_extra_that_is_named_is_the_smallest_one_that_helps(module: str, package: str, extra: str) -> None:
    assert extra_for(module, package) == extra


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ("raise KeyboardInterrupt", 130, ""),
        ("raise CommandError('that cannot be')", 1, "crossjudge: that cannot be\n"),
        ("raise SystemExit(7)", 7, ""),
        ("print('done')", 0, ""),
    ],
)
def test_how_a_command_ends_is_the_exit_status(tmp_path: Path, body: str, status: int, says: str) -> None:
    source = f"from crossjudge.client.errors import CommandError\ndef thing() -> None:\n    {body}\n"
    done = run_loaded("its_commands:thing", tmp_path, source)
    assert (done.returncode, done.stderr) == (status, says)


THINGS = """
import typer
from crossjudge.client.errors import CommandError
things = typer.Typer(help="Does things.")
@things.command()
def well():
    print("done")
@things.command()
def badly():
    raise CommandError("that cannot be")
"""


@pytest.mark.parametrize(
    ("word", "status", "says"), [("well", 0, "done\n"), ("badly", 1, "crossjudge: that cannot be\n")]
)
def test_a_command_may_have_commands_of_its_own(tmp_path: Path, word: str, status: int, says: str) -> None:
    (tmp_path / "its_commands.py").write_text(THINGS)
    command = [sys.executable, "-c", LOADED.replace('["thing"]', f'["thing", "{word}"]')]
    command[-1] = command[-1].format(target="its_commands:things")

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout + done.stderr) == (status, says)


def test_no_command_prints_the_key(service: PretendService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = "cj_0123456789_" + "ab" * 32
    monkeypatch.setenv("CROSSJUDGE_API_KEY", key)
    problems = tmp_path / "problems.jsonl"
    problems.write_text('{"solutions": ["P"], "tests": ["assert True"]}\n')
    service.script.append(refusal(401, "this key is not known"))

    results = ("-o", str(tmp_path / "results.jsonl"))
    refused = crossjudge("verify", str(problems), *results, status=1)
    taken = crossjudge("verify", str(problems), *results, "--json")

    assert "this key is not known" in refused.stderr
    assert {seen.headers["authorization"] for seen in service.seen} == {f"Bearer {key}"}
    assert key not in refused.stdout + refused.stderr + taken.stdout + taken.stderr + repr(address_of(None, None))


def test_doctor_says_what_works_as_json_and_in_words(service: PretendService) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crossjudge.client", "doctor", "--json"], capture_output=True, text=True, timeout=120
    )
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["ok"] else 1)
    found = {check["name"]: check for check in report["checks"]}
    assert found["Python"]["status"] == "ok"
    assert found["service"]["status"] == "ok"
    assert "1 worker" in found["service"]["found"]
    assert all(check["mend"] for check in report["checks"] if check["status"] == "fail")


def test_doctor_without_a_service_warns_and_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSJUDGE_URL", "http://127.0.0.1:9")
    check = checks.service()
    assert (check.status, "crossjudge up" in (check.mend or "")) == ("warn", True)


def test_doctor_tells_a_wrong_key_and_a_wrong_url_apart(
    service: PretendService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.script.append(refusal(401, "this key is not known"))
    assert "CROSSJUDGE_API_KEY" in (checks.service().mend or "")
    monkeypatch.setenv("CROSSJUDGE_URL", "nonsense")
    assert "CROSSJUDGE_URL" in (checks.service().mend or "")


def test_a_folder_that_is_not_there_yet_is_looked_at_where_it_would_be(tmp_path: Path) -> None:
    assert checks.disk("x", tmp_path / "a" / "b", "mend").status == "ok"


def test_a_check_that_breaks_is_a_finding_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Iterable[Check]:
        yield Check(name="first", status="ok", found="fine")
        raise RuntimeError("oops")

    monkeypatch.setattr(EntryPoint, "load", lambda self: broken)
    first, second = doctor.checks_of(EntryPoint("part", "crossjudge.worker.checks:checks", doctor.GROUP))
    assert first.status == "ok"
    assert (second.status, "oops" in second.found) == ("fail", True)


def test_a_part_that_is_not_installed_is_a_warning() -> None:
    [check] = doctor.checks_of(EntryPoint("part", "crossjudge.nowhere.checks:checks", doctor.GROUP))
    assert (check.status, "not part of this installation" in check.found) == ("warn", True)


def test_the_last_line_counts_what_failed() -> None:
    ok, warn, fail = (Check(name="x", status=status, found="") for status in ("ok", "warn", "fail"))
    assert "1 of 3 checks failed" in doctor.verdict([ok, warn, fail])
    assert doctor.verdict([ok, warn]) == "Everything that is needed works. 1 worth a look."
