"""A run's folder: the resolved configuration, a line of metrics a step, what was sampled, checkpoints."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from .errors import BadRunFolder

CONFIG, METRICS, SAMPLES = "config.yaml", "metrics.jsonl", "samples.jsonl"


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
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            document = config.model_dump(mode="json")
            (self.path / CONFIG).write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        except OSError as error:
            raise BadRunFolder(f"cannot write the run's folder {self.path}: {error.strerror or error}") from error

    def log(self, step: int, metrics: Mapping[str, Any]) -> None:
        """A step's line."""
        self._append(METRICS, {"step": step, **metrics})

    def keep(self, step: int, samples: Sequence[Mapping[str, Any]]) -> None:
        """What was sampled in a step, to be looked at."""
        for sample in samples:
            self._append(SAMPLES, {"step": step, **sample})

    def forget_after(self, step: int) -> None:
        """Drop the lines of later steps, and one that was cut off."""
        for name in (METRICS, SAMPLES):
            path = self.path / name
            if path.exists():
                kept = [line for line in _whole_lines(path) if json.loads(line)["step"] <= step]
                part = path.with_suffix(".part")
                part.write_text("".join(f"{line}\n" for line in kept), "utf-8")
                part.replace(path)

    def _append(self, name: str, document: Mapping[str, Any]) -> None:
        try:
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(document, ensure_ascii=False) + "\n")
        except OSError as error:
            raise BadRunFolder(f"cannot write {self.path / name}: {error.strerror or error}") from error


def _whole_lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield line.rstrip("\n")


def synced(path: Path) -> None:
    """Sees to it that a folder's names are on the disk before anything rests on them."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
