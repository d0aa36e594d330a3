"""`crossjudge study` as a person runs it, on inputs that take seconds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossjudge.client.errors import CommandError
from crossjudge.trainer.selectors import SELECTORS
from crossjudge.trainer.study.command import study
from pretend_service import PretendService

# To the pretend service a solution's source is its row of verdicts, and all else passes everything.
PROBLEMS: list[dict[str, Any]] = [
    {
        "id": f"p{at}", "solutions": ["PPF", "PFP", "PPF", "FFP", "FEP"][at % 2 :], "tests": ["1", "2", "3", "3"],
        "reference_solution": "reference", "reference_test": "all of it",
    }
    for at in range(4)
]  # fmt: skip
FILES = {"json", "md", "pick.png", "reliability.png", "tests.png"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendService]:
    with PretendService() as pretend:
        monkeypatch.setenv("CROSSJUDGE_URL", pretend.url)
        monkeypatch.delenv("CROSSJUDGE_API_KEY", raising=False)
        yield pretend


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in PROBLEMS))
    return str(path)


def test_one_process_judges_measures_and_writes(service: PretendService, data: str, tmp_path: Path) -> None:
    words = ["study", "real", "--data", data, "-o", str(tmp_path / "out"), "--json"]
    command = [sys.executable, "-m", "crossjudge.client", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "judging: matrix" in done.stderr
    found = json.loads(done.stdout)["real"]
    assert found == json.loads((tmp_path / "out" / "real.json").read_text())
    assert found["data"]["problems"] == 4
    everything = found["fields"]["all problems"]
    assert everything["selectors"].keys() >= SELECTORS.keys()
    # Right are the solutions whose row begins with P: of the distinct ones 2 of 4, or 2 of 4 without the first PPF.
    assert everything["selectors"]["random"]["pick"]["value"] == 0.5
    assert everything["selectors"]["oracle"]["pick"]["value"] == 1
    names = {path.name.removeprefix("real").lstrip("-.") for path in (tmp_path / "out").glob("real*")}
    assert names == FILES | {"failures.png"}


def test_what_is_judged_already_is_not_judged_again(service: PretendService, data: str, tmp_path: Path) -> None:
    def measured(**more: Any) -> Any:
        study("real", data=data, output=tmp_path / "out", pictures=False, **more)
        return json.loads((tmp_path / "out" / "real.json").read_text())

    first, sent = measured(), len(service.sent("POST"))
    assert sent > 0
    assert measured() == first
    assert len(service.sent("POST")) == sent
    assert measured(results=tmp_path / "out" / "judged", url="http://127.0.0.1:1") == first
    measured(restart=True)
    assert len(service.sent("POST")) == 2 * sent


def test_another_file_does_not_go_on_with_the_first_ones_results(
    service: PretendService, data: str, tmp_path: Path
) -> None:
    study("real", data=data, output=tmp_path / "out", pictures=False)
    Path(data).write_text("".join(json.dumps({**each, "tests": ["1"]}) + "\n" for each in PROBLEMS))
    with pytest.raises(CommandError, match="of another order"):
        study("real", data=data, output=tmp_path / "out", pictures=False)


def test_a_simulated_part_is_measured_drawn_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study("drift", output=tmp_path, draws=10, seed=1)
    shown = capsys.readouterr().out
    assert "Collusive: the wrong ones agree" in shown
    assert {path.name.removeprefix("drift").lstrip("-.") for path in tmp_path.iterdir()} == {
        "json", "md", "pick.png", "reliability.png", "collusive.png", "course.png",
    }  # fmt: skip
    drift = json.loads((tmp_path / "drift.json").read_text())
    assert list(drift["fields"]) == ["early", "mid", "late", "collusive"]
    assert {step["regime"] for step in drift["course"]["steps"]["b4"]} == drift["fields"].keys()
    text = (tmp_path / "drift.md").read_text()
    assert "| codet |" in text
    assert "nan" not in text


def test_the_seed_repeats_a_study(tmp_path: Path) -> None:
    def figures(seed: int, name: str) -> str:
        study("simulation", output=tmp_path / name, draws=4, seed=seed, pictures=False)
        return (tmp_path / name / "simulation.json").read_text()

    assert figures(3, "one") == figures(3, "two")


def test_draws_that_tell_nothing_apart_leave_empty_figures_and_no_error(tmp_path: Path) -> None:
    study("simulation", output=tmp_path, draws=1, seed=3, pictures=False)
    assert "| oracle |" in (tmp_path / "simulation.md").read_text()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"part": "real"}, "needs --data FILE"),
        ({"part": "drift", "data": "in.jsonl"}, "looks at no data"),
        ({"part": "all", "results": Path("judged")}, "name it with --data"),
        ({"part": "real", "data": "/nowhere/in.jsonl"}, "cannot read /nowhere/in.jsonl"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        study(**{"output": tmp_path / "out", "pictures": False, **options})


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot make the folder"):
        study("drift", output=tmp_path / "file" / "out", draws=1)


def test_without_a_service_the_command_says_what_to_do(data: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"crossjudge up"):
        study("real", data=data, output=tmp_path / "out", url="http://127.0.0.1:1", pictures=False)
