"""A run's folder: the resolved configuration, a line of metrics a step, what was sampled, alarms, checkpoints."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from .errors import BadRunFolder

CONFIG, METRICS, SAMPLES, ALARMS = "config.yaml", "metrics.jsonl", "samples.jsonl", "alarms.jsonl"
STATE = "trainer_state.pt"
"""In a checkpoint, beside the weights."""


class RunFolder:
    """`resume` at a step drops what was logged after it, so that a resumed run's log is that of one that never stopped.

    Raises `BadRunFolder` where the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_used(self) -> bool:
        return (self.path / METRICS).exists()

    def start(self, config: BaseModel) -> None:
        """Make the folder and write the configuration."""
        write_whole(self.path / CONFIG, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))

    def log(self, step: int, metrics: Mapping[str, Any]) -> None:
        """A step's line."""
        self._append(METRICS, {"step": step, **metrics})

    def keep(self, step: int, samples: Sequence[Mapping[str, Any]]) -> None:
        """What was sampled in a step, to be looked at."""
        for sample in samples:
            self._append(SAMPLES, {"step": step, **sample})

    def warn(self, step: int, reason: str, text: str) -> None:
        """An alarm."""
        self._append(ALARMS, {"step": step, "reason": reason, "text": text})

    def forget_after(self, step: int) -> None:
        """Drop the lines of later steps, and one that was cut off."""
        for name in (METRICS, SAMPLES, ALARMS):
            path = self.path / name
            if path.exists():
                kept = [line for line in _whole_lines(path) if _step_of(line, path) <= step]
                write_whole(path, "".join(f"{line}\n" for line in kept))

    def _append(self, name: str, document: Mapping[str, Any]) -> None:
        try:
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(document, ensure_ascii=False) + "\n")
        except OSError as error:
            raise BadRunFolder(f"cannot write {self.path / name}: {error.strerror or error}") from error


def whole_checkpoints(folder: Path) -> list[int]:
    """The steps that have a whole checkpoint, ascending."""
    names = [each.name.removeprefix("checkpoint-") for each in folder.glob("checkpoint-*") if (each / STATE).is_file()]
    return sorted(int(name) for name in names if name.isdigit())


def _whole_lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield line.rstrip("\n")


def _step_of(line: str, path: Path) -> int:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, LookupError, TypeError) as error:
        raise BadRunFolder(f"{path} has a line that is none of a run's: {line[:80]!r}; take it out") from error


def write_whole(path: Path, text: str) -> None:
    """A file with this text, all of it or as it was. Raises `BadRunFolder` where it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        raise BadRunFolder(f"cannot write {path}: {error.strerror or error}") from error


def synced(path: Path) -> None:
    """Sees to it that a folder's names are on the disk before anything rests on them."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
