"""The supervisor's side of compiling: sources go to a process of a row, code and what is said of it come back."""

import json
from typing import Any

from . import frames
from .report import BEGAN
from .row import Row, Zygote

_COMPILING = {"cpu_seconds": 10.0, "wall_seconds": 60.0, "memory_mb": 1024}  # at least, for the tests of a problem
_CODE_BYTES = 64 << 20
Sources = list[tuple[str, str, int]]
"""Of each its file's name, its text, and the flags of the prelude that it comes after."""


def compile_all(base: Zygote, sources: Sources, limits: dict[str, Any]) -> list[dict[str, Any]]:
    """Compile in a row of their own; what follows a source that the compiler does not survive gets a new process."""
    if not sources:
        return []
    limits = limits | {name: max(least, limits[name]) for name, least in _COMPILING.items()}
    with Row(base, limits) as row:
        done: list[dict[str, Any]] = []
        while len(done) < len(sources):
            done += compile_in(row, sources[len(done) :])
        return done


def compile_in(row: Row, sources: Sources, prelude: str | None = None) -> list[dict[str, Any]]:
    """Compile in one process of the row; fewer reports than `sources` where it came to an end before.

    The source that it ended at is to blame only where it was the first: else it gets a process of its own.
    With the text of a `prelude` it is also said whether they are stateless after it.
    """
    task = {"mode": "compile", "sources": sources, "prelude_text": prelude, "then": None}
    done, seen, _ = _run(row, task, len(sources), None)
    if not done:
        why = f"over the {seen['stopped']} limit" if seen["stopped"] else "the compiler did not survive it"
        done.append({"status": "syntax_error", "message": f"cannot be compiled: {why}"})
    return done


def compile_and_go_on(
    row: Row, prelude: str, source: tuple[str, str, int], then: dict[str, Any], cpu_seconds: float
) -> tuple[dict[str, Any] | None, dict[str, Any], bytes]:
    """Compile a solution, and where it is stateless after its prelude go on in the same process, as `then` says.

    What is said of it, None where it did not come to that; what `Row.run` saw; and the report that followed.
    """
    task = {"mode": "compile", "sources": [source], "prelude_text": prelude, "then": then}
    done, seen, rest = _run(row, task, 1, cpu_seconds)
    return (done[0] if done else None), seen, rest


def _run(
    row: Row, task: dict[str, Any], most: int, cpu_seconds: float | None
) -> tuple[list[dict[str, Any]], dict[str, Any], bytes]:
    seen = row.run(task, report_cap=_CODE_BYTES, cpu_seconds=cpu_seconds)
    data = bytes(seen["report"].head[len(BEGAN) :])
    done, size = [], 0
    for frame in frames.split(data, most):
        head, _, code = frame.partition(b"\n")
        done.append(json.loads(head) | {"code": code})
        size += frames.LENGTH_BYTES + len(frame)
    return done, seen, data[size:]
