"""Where metrics go besides `metrics.jsonl` and the console: TensorBoard, Weights & Biases, trackio.

Each package is imported only where `report_to` names it. A run that is resumed goes on in the same run of its tracker,
whose id is kept in the run's folder. A tracker that breaks is left alone from then on: a run does not end for it.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from .errors import BadConfig
from .run_folder import write_whole

IDS = "trackers.json"
PROJECT = "crossjudge"
T = TypeVar("T")


class Tracker(Protocol):
    """One place that metrics are sent to."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None: ...

    def finish(self) -> None: ...


class TensorBoard:
    """Event files in the run's folder, under `tensorboard`. What was logged after the step resumed from is hidden."""

    def __init__(self, folder: Path, done: int, config: Mapping[str, Any]) -> None:
        writer = import_module("torch.utils.tensorboard").SummaryWriter
        self._writer: Any = writer(str(folder / "tensorboard"), purge_step=done + 1 if done else None)
        if not done:
            self._writer.add_text("config", f"```json\n{json.dumps(config, indent=2)}\n```", 0)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def finish(self) -> None:
        self._writer.close()


class WandB:
    """Weights & Biases. WANDB_PROJECT (`crossjudge` where unset), WANDB_MODE and the like mean what they always do."""

    def __init__(self, folder: Path, done: int, config: Mapping[str, Any]) -> None:
        project = os.environ.get("WANDB_PROJECT", PROJECT)
        self._run: Any = import_module("wandb").init(
            project=project, name=folder.name, dir=str(folder), config=dict(config), id=_id(folder, "wandb", done),
            resume="allow",
        )  # fmt: skip
        # Their own step may only rise, and a run may be resumed from an earlier one.
        self._run.define_metric("step")
        self._run.define_metric("*", step_metric="step")

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        self._run.log({"step": step, **metrics})

    def finish(self) -> None:
        self._run.finish()


class Trackio:
    """trackio. TRACKIO_PROJECT (`crossjudge` where unset), TRACKIO_DIR and the like mean what they always do."""

    def __init__(self, folder: Path, done: int, config: Mapping[str, Any]) -> None:
        # Its runs are told apart by their names alone.
        self._run: Any = import_module("trackio").init(
            project=os.environ.get("TRACKIO_PROJECT", PROJECT), name=_id(folder, "trackio", done), config=dict(config),
            resume="allow",
        )  # fmt: skip

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        self._run.log(dict(metrics), step=step)

    def finish(self) -> None:
        self._run.finish()


TRACKERS: Mapping[str, Callable[[Path, int, Mapping[str, Any]], Tracker]] = {
    "tensorboard": TensorBoard,
    "wandb": WandB,
    "trackio": Trackio,
}


def check_trackers(names: Sequence[str]) -> None:
    """Raises `BadConfig` for one whose package is not installed."""
    for name in names:
        if find_spec(name) is None:
            raise BadConfig(f"report_to names {name}, which is not installed: pip install 'crossjudge[trackers]'")


class Trackers:
    """All that a configuration names."""

    def __init__(self, names: Sequence[str], tell: Callable[[str], None]) -> None:
        self._names, self._tell = names, tell
        self._open: dict[str, Tracker] = {}

    def start(self, folder: Path, done: int, config: Mapping[str, Any]) -> None:
        """`done`: the step that the run was resumed from, 0 for a fresh one."""
        for name in self._names:
            if (tracker := self._tried(name, partial(TRACKERS[name], folder, done, config))) is not None:
                self._open[name] = tracker

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        for name, tracker in list(self._open.items()):
            self._tried(name, partial(tracker.log, step, metrics))

    def finish(self) -> None:
        for name, tracker in list(self._open.items()):
            self._tried(name, tracker.finish)

    def _tried(self, name: str, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except Exception as error:  # whatever three libraries and their networks may raise
            self._open.pop(name, None)
            what = f"{type(error).__name__}: {error}"
            self._tell(f"{name} is left out from here on, metrics.jsonl has everything ({what})")
            return None


def _id(folder: Path, tracker: str, done: int) -> str:
    """The id of a tracker's run: a new one for a fresh start, that of before where the run goes on."""
    path = folder / IDS
    try:
        known = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        known = {}
    if not isinstance(known, dict):
        known = {}
    if not done or not isinstance(known.get(tracker), str):
        known[tracker] = f"{folder.name}-{uuid4().hex[:8]}"
        write_whole(path, json.dumps(known) + "\n")
    return str(known[tracker])
