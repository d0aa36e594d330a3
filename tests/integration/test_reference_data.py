"""Published problems with their reference solutions: every cell passes, through the whole stack, however isolated."""

import gzip
import json
from pathlib import Path

import pytest

from crossjudge.client import Client
from crossjudge.contracts import Isolation, Problem

FIELDS = ("id", "entry_point", "solutions", "tests")

# One of MBPP's own solutions (Mbpp/123, amicable numbers) takes longer than the default limit of 2 s of CPU time.
LIMITS = {"cpu_seconds": 20.0, "wall_seconds": 60.0}


@pytest.mark.nsjail
@pytest.mark.redis
@pytest.mark.parametrize("isolation", [Isolation.SPLIT, pytest.param(Isolation.SHARED, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "problems"), [("humaneval_reference", 164), ("mbpp_sanitized", 427)])
def test_every_reference_solution_passes_every_test(
    stack: str, shared_data: Path, name: str, problems: int, isolation: Isolation
) -> None:
    with gzip.open(shared_data / f"{name}.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    assert len(rows) == problems
    work = [Problem.model_validate({field: row[field] for field in FIELDS if field in row}) for row in rows]
    with Client(stack, run=name, limits=LIMITS, isolation=isolation, detail=["messages"]) as judge:
        grids = list(judge.stream(work))
    assert len(grids) == problems
    assert [(grid.id, grid.verdicts, grid.cells) for grid in grids if not grid.passed.all()] == []
