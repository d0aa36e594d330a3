"""Files of a stage, whole or not there; and of a stage that was stopped, what it had finished.

A stage works through its input in chunks, each drawn from a seed of its own. While it works, `.<name>.chunks` holds a
line for each chunk that is done, so that a stage that is killed goes on with the next one, and ends with the same file.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from crossjudge.trainer.training.errors import BadRunFolder
from crossjudge.trainer.training.run_folder import write_whole

from .records import Record

R = TypeVar("R", bound=Record)
C = TypeVar("C")


def produced(
    path: Path,
    kind: type[R],
    chunks: Sequence[C],
    work: Callable[[int, C], Sequence[R]],
    finish: Callable[[list[R]], list[R]] = list,
) -> list[R]:
    """The records in `path`, made where it is not there: `work` on each chunk by its number, then `finish` on all.

    Raises `BadRunFolder` where a file cannot be written, or one that is there is none of these.
    """
    if path.exists():
        return read(path, kind)
    part = path.with_name(f".{path.name}.chunks")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        records = _taken_up(part, kind)
        with part.open("a", encoding="utf-8") as file:
            for number in range(len(records), len(chunks)):
                records.append(list(work(number, chunks[number])))
                file.write(f"[{','.join(each.model_dump_json() for each in records[-1])}]\n")
                file.flush()
        whole = finish([each for chunk in records for each in chunk])
        write_whole(path, "".join(f"{each.model_dump_json()}\n" for each in whole))
        part.unlink()
    except OSError as error:
        raise BadRunFolder(f"cannot write {error.filename or path}: {error.strerror or error}") from error
    return whole


def read(path: Path, kind: type[R]) -> list[R]:
    """The records of a file that is whole. Raises `BadRunFolder` where a line is no such record."""
    found: list[R] = []
    try:
        found.extend(kind.model_validate_json(line) for line in path.read_text("utf-8").split("\n")[:-1])
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise BadRunFolder(
            f"{path}, line {len(found) + 1} cannot be read: delete the file to have it made anew"
        ) from error
    return found


def _taken_up(part: Path, kind: type[R]) -> list[list[R]]:
    """The chunks that are done. What follows the last whole line is cut off."""
    if not part.exists():
        return []
    done, kept = [], 0
    for line in _whole_lines(part):
        try:
            done.append([kind.model_validate(each) for each in json.loads(line)])
        except (ValueError, TypeError):  # of a machine that went down in the middle of a line
            break
        kept += len(line)
    with part.open("r+b") as file:
        file.truncate(kept)
    return done


def _whole_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.endswith(b"\n"))
