"""What is read of a run's folder, whole or not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crossjudge.client.errors import CommandError
from crossjudge.trainer.report.history import MOST_METRICS, read_history
from run_folders import written


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = read_history(written(tmp_path / "run", {0: {"eval/pass@1": 0.5}, 1: {"a": 1}, 2: {"a": 2.5}}, seed=3))
    assert (run.name, run.last_step, run.notes, run.alarms) == ("run", 2, (), ())
    assert run.series["a"].steps.tolist() == [1, 2]
    assert run.series["a"].values.tolist() == [1, 2.5]
    assert (run.config["seed"], run.config["selector.name"]) == (3, "gated_clusters")


def test_a_line_that_is_being_written_is_counted_and_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, {1: {"a": 1}})
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "a": 2.')
    run = read_history(path)
    assert run.series["a"].steps.tolist() == [1]
    assert "could not be read: 1" in run.notes[0]


def test_what_was_logged_twice_counts_as_it_was_last(tmp_path: Path) -> None:
    path = written(tmp_path, {2: {"a": 2}, 1: {"a": 1}})
    with (path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "a": 7}\n')
    assert read_history(path).series["a"].values.tolist() == [1, 7]


@pytest.mark.parametrize("value", ["1e200", "NaN", "Infinity", "-Infinity", "1" + "0" * 400])
def test_values_that_are_not_finite_are_counted(tmp_path: Path, value: str) -> None:
    path = written(tmp_path, {1: {"a": 1}})
    with (path / "metrics.jsonl").open("a") as file:
        file.write(f'{{"step": 2, "a": {value}}}\n')
    run = read_history(path)
    assert run.series["a"].values.tolist() == [1]
    assert any("not finite" in note and note.endswith(": 1") for note in run.notes)


@pytest.mark.parametrize(
    "line", ["[]", "7", '{"a": 1}', '{"step": -1}', '{"step": true}', '{"step": "1"}', "\x00", "["]
)
def test_lines_that_are_of_no_step_are_counted(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, {1: {"a": 1}})
    with (path / "metrics.jsonl").open("a") as file:
        file.write(f"{line}\n")
    run = read_history(path)
    assert list(run.series) == ["a"]
    assert "could not be read: 1" in run.notes[0]


def test_words_among_metrics_are_kept(tmp_path: Path) -> None:
    run = read_history(written(tmp_path, {1: {"stage": "probing", "parts": {"x": 1}, "none": None, "is_on": True}}))
    assert run.words == {"stage": "probing", "parts": '{"x": 1}'}
    assert run.series["is_on"].values.tolist() == [1]


def test_metrics_without_end_are_cut_and_said(tmp_path: Path) -> None:
    run = read_history(written(tmp_path, {1: {f"m{at}": at for at in range(MOST_METRICS + 5)}}))
    assert len(run.series) == MOST_METRICS
    assert "5 are left out" in run.notes[0]


def test_alarms_come_from_metrics_and_from_their_file(tmp_path: Path) -> None:
    path = written(tmp_path, {1: {"alarm/collapse": 0}, 4: {"alarm/collapse": 1}})
    (path / "alarms.jsonl").write_text(
        json.dumps({"step": 2, "reason": "drift", "text": "the margin fell"}) + '\n{"reason": "no step"}\n{"step": 3'
    )
    found = [(alarm.step, alarm.reason, alarm.text) for alarm in read_history(path).alarms]
    assert found == [(2, "drift", "the margin fell"), (4, "collapse", "")]


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no run's folder.*no metrics\.jsonl"):
        read_history(tmp_path)
    with pytest.raises(CommandError, match="there is no such folder"):
        read_history(tmp_path / "absent")


@pytest.mark.parametrize("text", ["", "[]", "a: [", "\x00", "- " * 5000 + "a", "x: &a [1]\ny: *b"])
def test_a_run_without_a_readable_configuration_is_a_run(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, {1: {"a": 1}})
    (path / "config.yaml").write_text(text)
    run = read_history(path)
    assert (dict(run.config), list(run.series)) == ({}, ["a"])
    assert "config.yaml" in run.notes[0]


def test_a_configuration_that_unfolds_without_end_is_bounded(tmp_path: Path) -> None:
    path = written(tmp_path, {1: {"a": 1}})
    levels = ["a0: &a0 {x: 1, y: 2}"] + [f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}" for n in range(1, 60)]
    (path / "config.yaml").write_text("\n".join(levels))
    run = read_history(path)
    assert len(run.config) <= 2000
    assert "only the first" in run.notes[0]


def test_reading_runs_imports_neither_torch_nor_matplotlib() -> None:
    program = (
        "import sys, crossjudge.trainer.report.command, crossjudge.trainer.report.run;"
        "sys.exit(bool({'torch', 'transformers', 'matplotlib'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
