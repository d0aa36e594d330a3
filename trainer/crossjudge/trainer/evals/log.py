"""Results of evaluations, a line each; what is there already with the same settings need not be done again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossjudge.trainer.training.errors import BadRunFolder

LOG = "eval.jsonl"
Line = Mapping[str, Any]


class EvalLog:
    """A file of results, or none (`path` None), which remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def find(self, wanted: Line) -> dict[str, Any] | None:
        """The last line that holds all of `wanted`. Lines that are cut off or something else are passed over."""
        return next((line for line in reversed(self._lines()) if wanted.items() <= line.items()), None)

    def add(self, line: Line) -> None:
        """Append a line. Raises `BadRunFolder` where that cannot be written."""
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                file.write(self._break() + json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise BadRunFolder(f"cannot write {self.path}: {error.strerror or error}; free it, or use --out") from error

    def _break(self) -> bytes:
        """What ends a line that a killed evaluation has left unfinished."""
        assert self.path is not None
        return b"\n" if self.path.exists() and self.path.read_bytes()[-1:] not in (b"", b"\n") else b""

    def _lines(self) -> list[dict[str, Any]]:
        if self.path is None or not self.path.exists():
            return []
        found = []
        try:
            for text in self.path.read_text("utf-8", errors="replace").splitlines():
                line = _read(text)
                if isinstance(line, dict):
                    found.append(line)
        except OSError as error:
            raise BadRunFolder(f"cannot read {self.path}: {error.strerror or error}") from error
        return found


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
