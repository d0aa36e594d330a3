"""The lines of `eval.jsonl`: found again, however the file was left."""

import json
from pathlib import Path

import pytest

from crossjudge.trainer.evals.log import EvalLog
from crossjudge.trainer.training.errors import BadRunFolder

WANTED = {"checkpoint": "20", "settings": {"samples": 8}}


def test_the_last_line_with_the_same_settings_is_found(tmp_path: Path) -> None:
    log = EvalLog(tmp_path / "run" / "eval.jsonl")
    for seconds in (1, 2):
        log.add({**WANTED, "seconds": seconds})
    log.add({**WANTED, "settings": {"samples": 4}, "seconds": 3})
    assert log.find(WANTED) == {**WANTED, "seconds": 2}
    assert log.find({**WANTED, "checkpoint": "30"}) is None


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "eval.jsonl"
    path.write_bytes(b'\xff\n[1]\n{"checkpoint": "20", "sett')
    log = EvalLog(path)
    log.add(WANTED)
    assert log.find(WANTED) == WANTED
    assert json.loads(path.read_bytes().splitlines()[-1]) == WANTED


def test_no_file_remembers_nothing() -> None:
    log = EvalLog(None)
    log.add(WANTED)
    assert log.find(WANTED) is None


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadRunFolder, match=r"file/eval\.jsonl"):
        EvalLog(tmp_path / "file" / "eval.jsonl").add(WANTED)
