"""`crossjudge report` as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="the pages' charts are drawn by it")

from crossjudge.client.errors import CommandError
from crossjudge.trainer.report.command import report
from run_folders import written


def test_a_runs_page_lies_in_its_folder(tmp_path: Path) -> None:
    report([str(written(tmp_path / "run"))])
    assert (tmp_path / "run" / "report.html").read_text().startswith("<!doctype html>")


def test_several_runs_are_compared_with_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [str(written(tmp_path / name, seed=seed)) for seed, name in enumerate("ab")]
    report(runs, png=tmp_path / "png")
    assert "2 runs in 1 arm" in (tmp_path / "comparison.html").read_text()
    pictures = sorted((tmp_path / "png").glob("*.png"))
    assert "held-out-solutions-pass@1.png" in [path.name for path in pictures]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_the_table_alone_writes_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [f"left | right={written(tmp_path / 'a')}", str(written(tmp_path / "b"))]
    report(runs, markdown=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| arm | runs | steps | pass@1 first | pass@1 best (step) | pass@1 last |")
    assert lines[2].startswith("| left \\| right | 1 | 6 | 0.500 ± 0.025 | 0.800 ± 0.020 (6) | 0.800 ± 0.020 |")
    report(runs, as_json=True)
    first, second = json.loads(capsys.readouterr().out)["arms"]
    assert (first["label"], second["label"]) == ("left | right", "b")
    assert first["evaluation"]["eval/pass@1"]["best"]["step"] == 6
    assert first["cells"] == 700
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_a_run_that_is_named_twice_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(written(tmp_path / "a"))
    report([run, run + "/", run], as_json=True)
    assert len(json.loads(capsys.readouterr().out)["arms"][0]["runs"]) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runs": ["absent"]}, "there is no such folder"),
        ({"runs": ["."]}, "no run's folder"),
        ({"runs": ["run"], "markdown": True, "as_json": True}, "choose one"),
        ({"runs": ["run"], "output": Path("run/config.yaml/page.html")}, "cannot write run/config.yaml/page.html"),
        ({"runs": ["run"], "markdown": True, "png": Path("run/config.yaml")}, "cannot write to run/config.yaml"),
        ({"runs": [f"{'x' * 99}=run"]}, "at most 60 characters"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "run")
    with pytest.raises(CommandError, match=said):
        report(**options)


@pytest.mark.parametrize(
    ("absent", "said"),
    [("matplotlib", "pip install 'crossjudge[plot]'"), ("yaml", "pip install 'crossjudge[trainer]'")],
)
def test_without_a_library_it_says_what_to_install(tmp_path: Path, absent: str, said: str) -> None:
    program = (
        f"import sys; sys.modules[{absent!r}] = None\n"
        "from crossjudge.client.errors import CommandError\n"
        "from crossjudge.trainer.report.command import report\n"
        "try: report([sys.argv[1]])\n"
        "except CommandError as error: print(error)"
    )
    folder = str(written(tmp_path / "run"))
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
    assert absent in done.stdout
    assert said in done.stdout
