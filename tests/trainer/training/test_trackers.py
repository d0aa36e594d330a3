"""Metrics reach TensorBoard, Weights & Biases and trackio as they are, and a resumed run goes on in the same run."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from crossjudge.trainer.training import trackers
from crossjudge.trainer.training.config import load_config
from crossjudge.trainer.training.errors import BadConfig
from crossjudge.trainer.training.trackers import IDS, Trackers, check_trackers

LOGGED = [(0, {"eval/pass@1": 0.5}), (1, {"coder/reward": 0.25, "time/step": 2.0}), (2, {"coder/reward": 0.75})]


def needs(name: str) -> None:
    """The test skips where a package is not installed, which takes long to import."""
    if find_spec(name) is None:
        pytest.skip(f"needs {name}")


def logged(name: str, folder: Path, done: int, steps: list[tuple[int, dict[str, float]]]) -> list[str]:
    """What is said while a run logs these steps; nothing where all is well."""
    said: list[str] = []
    folder.mkdir(exist_ok=True)
    several = Trackers([name], said.append)
    several.start(folder, done, {"seed": 0})
    for step, metrics in steps:
        several.log(step, metrics)
    several.finish()
    return said


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("none", ()),
        ("[]", ()),
        ("null", ()),
        ("wandb", ("wandb",)),
        ("tensorboard,trackio", ("tensorboard", "trackio")),
    ],
)
def test_they_are_named_as_trl_names_them(given: str, names: tuple[str, ...]) -> None:
    config = load_config(ZeroCoderConfig, None, ["output_dir=a", "problems=b", f"report_to={given}"])
    assert config.report_to == names


def test_one_that_is_not_installed_is_told_before_a_run_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(BadConfig, match=r"wandb, which is not installed: pip install 'crossjudge\[trackers\]'"):
        check_trackers(["wandb"])


def test_none_is_imported_that_is_not_named() -> None:
    code = (
        "import sys; from crossjudge.trainer.training.trackers import Trackers; Trackers([], print).start(None, 0, {});"
        "sys.exit(bool({'wandb', 'trackio', 'tensorboard', 'torch'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_one_that_breaks_is_left_out_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    class Broken:
        def __init__(self, folder: Path, done: int, config: Mapping[str, Any]) -> None: ...

        def log(self, step: int, metrics: Mapping[str, float]) -> None:
            raise ConnectionError("no network")

        def finish(self) -> None:
            raise AssertionError("it is left alone")

    class Sound(Broken):
        def log(self, step: int, metrics: Mapping[str, float]) -> None:
            seen.append(step)

        def finish(self) -> None:
            seen.append(-1)

    monkeypatch.setattr(trackers, "TRACKERS", {"broken": Broken, "sound": Sound})
    said: list[str] = []
    several = Trackers(["broken", "sound"], said.append)
    several.start(tmp_path, 0, {})
    several.log(1, {})
    several.log(2, {})
    several.finish()
    assert seen == [1, 2, -1]
    assert said == ["broken is left out from here on, metrics.jsonl has everything (ConnectionError: no network)"]


@pytest.mark.filterwarnings("ignore")  # of its own packages
def test_tensorboard_has_each_metric_and_drops_what_a_resumed_run_does_again(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="its writer is torch's")
    needs("tensorboard")
    assert logged("tensorboard", tmp_path, 0, LOGGED) == []
    assert logged("tensorboard", tmp_path, 1, [(2, {"coder/reward": 0.5})]) == []
    reader = import_module("tensorboard.backend.event_processing.event_accumulator")
    events = reader.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(each.step, each.value) for each in events.Scalars("coder/reward")] == [(1, 0.25), (2, 0.5)]
    assert set(events.Tags()["scalars"]) == {"eval/pass@1", "coder/reward", "time/step"}


def logged_twice(name: str, folder: Path) -> str:
    """Two runs of a step each in processes of their own, the second resumed from the first; the id of both."""
    program = """
import sys
from pathlib import Path
from crossjudge.trainer.training.trackers import Trackers
several = Trackers([sys.argv[1]], lambda text: sys.exit(text))
done = int(sys.argv[3])
several.start(Path(sys.argv[2]), done, {"seed": 0})
several.log(done + 1, {"coder/reward": 0.25})
several.finish()
"""
    folder.mkdir()
    ids = []
    for done in ("0", "1"):
        subprocess.run([sys.executable, "-W", "ignore", "-c", program, name, str(folder), done], check=True)
        ids.append(json.loads((folder / IDS).read_text())[name])
    assert ids[0] == ids[1]
    return str(ids[0])


def test_wandb_goes_on_in_the_run_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    name = logged_twice("wandb", tmp_path / "run")
    files = sorted((tmp_path / "run" / "wandb").glob("offline-run-*/run-*.wandb"))
    assert [file.name for file in files] == [f"run-{name}.wandb"] * 2
    assert all(b"coder/reward" in file.read_bytes() for file in files)


def test_trackio_goes_on_in_the_run_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("trackio")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    name = logged_twice("trackio", tmp_path / "run")
    with closing(sqlite3.connect(next((tmp_path / "trackio").rglob("*.db")))) as database:
        rows = database.execute("select run_name, step, metrics from metrics order by step").fetchall()
    assert [(row[0], row[1], json.loads(row[2])["coder/reward"]) for row in rows] == [(name, 1, 0.25), (name, 2, 0.25)]
