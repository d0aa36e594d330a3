"""Has what a study of real data needs judged by a service: three files of results in one folder.

matrix.results.jsonl   every solution against every test that the model wrote, with outputs
truth.results.jsonl    every solution, and last the reference solution, against the reference test
refs.results.jsonl     the reference solution against every test that the model wrote
"""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from crossjudge.client.errors import CommandError
from crossjudge.client.verify import verify

from .sources import Source, write_problems

MATRIX, TRUTH, REFERENCES = "matrix", "truth", "refs"
CELL_SECONDS, TRUTH_SECONDS = 1.0, 5.0
"""CPU time of one test that a model wrote, and of a whole reference test."""
_RUN = "study"


def results_of(folder: Path, name: str) -> Path:
    return folder / f"{name}.results.jsonl"


def judge(file: str, sources: Sequence[Source], folder: Path, url: str | None, *, restart: bool = False) -> None:
    """Fill the folder; what an earlier run has judged of the same file is kept.

    Raises what `crossjudge verify` raises: it does the work, and shows on stderr how far it is.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    truth, references = folder / f"{TRUTH}.jsonl", folder / f"{REFERENCES}.jsonl"
    write_problems(truth, (each.judged_against_truth() for each in sources))
    write_problems(references, (each.judging_tests() for each in sources))
    orders = (
        (TRUTH, str(truth), TRUTH_SECONDS, None),
        (REFERENCES, str(references), CELL_SECONDS, None),
        (MATRIX, file, CELL_SECONDS, ["outputs"]),
    )
    for name, problems, seconds, detail in orders:
        print(f"judging: {name}", file=sys.stderr)
        with redirect_stdout(sys.stderr):  # stdout is the study's own
            verify(
                problems, output=str(results_of(folder, name)), url=url, run=_RUN, cpu_seconds=seconds, detail=detail,
                restart=restart, cells_per_batch=4000, in_flight=4,
            )  # fmt: skip
