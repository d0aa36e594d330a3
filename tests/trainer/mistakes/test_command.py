"""`crossjudge mistakes`."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from crossjudge.client.cli import guarded
from crossjudge.trainer.mistakes import FILE, MistakeBook, Outcome
from crossjudge.trainer.mistakes.command import mistakes


@pytest.fixture
def run(tmp_path: Path) -> Path:
    book = MistakeBook()
    book.update([Outcome("few", failed=["assert f(0) == '\x1b[31m'"]), Outcome("many", failed=["a", "b", "b"])], 3)
    book.update([Outcome("many", failed=["c"])], 4)
    (tmp_path / FILE).write_text(book.to_json())
    return tmp_path


def told(*arguments: object, status: int = 0) -> str:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(guarded(mistakes))
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done.output


LINES = [
    {"id": "many", "tests": ["b", "a", "c"], "frequencies": [2, 1, 1], "steps": [3, 3, 4]},
    {"id": "few", "tests": ["assert f(0) == '\x1b[31m'"], "frequencies": [1], "steps": [3]},
]


def test_the_problems_with_the_most_mistakes_come_first(run: Path) -> None:
    assert [json.loads(line) for line in told(run, "--json").splitlines()] == LINES
    assert told(run / FILE, "--json") == told(run, "--json")
    shown = told(run)
    assert shown.index("many") < shown.index("few")
    assert "4 tests of 2 problems" in shown
    assert "\x1b[31m" not in shown


def test_one_problem_and_the_most_frequent_tests(run: Path) -> None:
    (line,) = told(run, "--problem", "many", "--top", "2", "--json").splitlines()
    assert json.loads(line)["tests"] == ["b", "a"]
    assert "2 tests of 1 problems" in told(run, "--problem", "many", "--top", "2")


def test_what_is_exported_is_what_json_says(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    assert "4 tests" in told(run, "--export", file)
    assert file.read_text() == told(run, "--json")


def test_what_cannot_be_is_said_in_one_line(run: Path, tmp_path: Path) -> None:
    assert "no test of a problem 'none', but those of 2 others" in told(run, "--problem", "none", status=1)
    (tmp_path / "other").mkdir()
    assert "has no mistakes.json" in told(tmp_path / "other", status=1)
    assert "cannot write" in told(run, "--export", tmp_path, status=1)
    (run / FILE).write_text("{")
    assert "is no JSON" in told(run, status=1)
