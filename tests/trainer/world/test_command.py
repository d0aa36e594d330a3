"""`crossjudge world`, as it is typed."""

import subprocess
import sys

import typer
from typer.testing import CliRunner

from crossjudge.client.cli import guarded
from crossjudge.trainer.world.command import world


def program() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(guarded(world))
    return app


def test_an_unknown_model_is_an_error_that_names_the_known_ones() -> None:
    result = CliRunner().invoke(program(), ["--models", "critic"])
    assert result.exit_code == 1
    assert "choose from coder, tester, shared" in result.output


def test_the_options_are_listed_without_torch() -> None:
    code = "import sys; import crossjudge.trainer.world.command; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    result = CliRunner().invoke(program(), ["--help"])
    assert result.exit_code == 0
    for option in ("--hard", "--out", "--seed", "--models", "--empty-lists", "--cache"):
        assert option in result.output
