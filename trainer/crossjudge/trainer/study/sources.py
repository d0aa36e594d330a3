"""The problems of a file as a study needs them: with the reference solution and test that tell the truth."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossjudge.client.errors import CommandError
from crossjudge.client.json_lines import BadLine, opened
from crossjudge.client.problem_file import ProblemLine, ProblemReader
from crossjudge.contracts import load_json

SOLUTION_FIELD, TEST_FIELD = "reference_solution", "reference_test"


@dataclass(frozen=True)
class Source:
    """One problem: what the model wrote, in the order of the matrix, and what is known to be right."""

    line: int
    id: str
    solutions: list[str]
    tests: list[dict[str, Any]]
    rest: dict[str, Any]
    """The entry point and the prelude, where it has them."""
    reference_test: str | dict[str, Any]
    reference_solution: str | None

    def judged_against_truth(self) -> dict[str, Any]:
        """The problem that tells which solutions are right; its last one is the reference solution, if there is one."""
        extra = [] if self.reference_solution is None else [self.reference_solution]
        return {"id": self.id, **self.rest, "solutions": self.solutions + extra, "tests": [self.reference_test]}

    def judging_tests(self) -> dict[str, Any]:
        """The problem that tells which tests are right."""
        solutions = [] if self.reference_solution is None else [self.reference_solution]
        return {"id": self.id, **self.rest, "solutions": solutions, "tests": self.tests}


def read_sources(file: str) -> list[Source]:
    """The problems in their order. Raises `CommandError` for a bad line, or one that tells no truth."""
    with opened(file) as source:
        documents = dict(enumerate(source.readlines(), 1))
    with opened(file) as source:
        found = [_source(file, line, documents) for line in ProblemReader(source)]
    if not found:
        raise CommandError(f"{file} holds no problems")
    return found


def _source(file: str, line: ProblemLine | BadLine, documents: dict[int, bytes]) -> Source:
    if isinstance(line, BadLine):
        raise CommandError(f"{file}, line {line.number}, {line.path}: {line.detail}")
    given = load_json(documents[line.number].decode("utf-8-sig"))
    test, solution = given.get(TEST_FIELD), given.get(SOLUTION_FIELD)
    if not isinstance(test, str | dict):
        what = f"it has no {TEST_FIELD}, which says which solutions are right (a test, as in `tests`)"
        raise CommandError(f"{file}, line {line.number}: {what}")
    if not isinstance(solution, str | None):
        raise CommandError(f"{file}, line {line.number}, $.{SOLUTION_FIELD}: not a text")
    whole = line.problem.model_dump(mode="json", exclude_none=True)
    rest = {name: whole[name] for name in ("entry_point", "prelude") if whole.get(name)}
    # Of a line with nothing to judge the reader fills in an empty text: what the file says counts.
    solutions, tests = (whole[name] if given[name] else [] for name in ("solutions", "tests"))
    return Source(line.number, line.problem.id or "", solutions, tests, rest, test, solution)


def write_problems(path: Path, problems: Iterator[dict[str, Any]]) -> None:
    """A file that the verifier takes; left alone where it holds the same already, so that judging can go on."""
    text = "".join(json.dumps(each) + "\n" for each in problems)
    try:
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}") from error
