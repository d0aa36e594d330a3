"""What is judged: problems of one kind, as many as are wanted, none like another.

Each solution ends in a comment with a mark that no other turn has, so that no cell is one that was judged before.
What a model wrote is only given to ways that lock it up (`is_trusted` says which workloads may run anywhere).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from crossjudge.contracts import AssertTest, Limits, Problem, StdioTest

from . import published, tasks

SIDE = 16
"""Solutions, and tests, of the larger matrices."""

HEAVY_SIDE = 4
HEAVY_MS = 50

_BURN = """import time

def f(x):
    end = time.process_time() + {seconds}
    while time.process_time() < end:
        pass
    return x + {offset}
# {row}
"""
_IN_AN_INTERPRETER = """try:
    {test}
except ZeroDivisionError:
    raise AssertionError("divided by zero")
"""


@dataclass(frozen=True)
class Workload:
    """One kind of problems. `turn_problems`: how many each turn judges, where that is not to depend on the time."""

    name: str
    what: str
    origin: Literal["published data", "generated"]
    problems: Sequence[Problem]
    is_trusted: bool = True
    limits: Limits = field(default_factory=Limits)
    turn_problems: int | None = None

    def take(self, count: int, mark: str, start: int = 0) -> list[Problem]:
        """So many problems from the `start`th on, in a circle, marked as no others are."""
        return [_marked(self.problems[(start + n) % len(self.problems)], f"{mark}.{n}") for n in range(count)]


def _marked(problem: Problem, mark: str) -> Problem:
    solutions = [f"{text}\n# {mark}\n" for text in problem.solutions]
    return problem.model_copy(update={"solutions": solutions, "id": f"{problem.id}#{mark}"})


def literal(data: published.Published | None) -> Workload:
    """Matrices whose tests are single asserts of plain data."""
    if data is not None and (problems := data.literal_matrices):
        what = f"HumanEval, {SIDE} variants of the reference solution × {SIDE} asserts that a model wrote"
        return Workload("literal", what, "published data", problems)
    what = f"{SIDE} variants of a solution × {SIDE} asserts of plain data, in the shape of HumanEval"
    return Workload("literal", what, "generated", tasks.matrices(SIDE))


def interpreter(data: published.Published | None) -> Workload:
    """The same with tests that only an interpreter can run."""
    plain = literal(data)
    problems = [
        each.model_copy(update={"tests": [_in_an_interpreter(test) for test in each.tests]}) for each in plain.problems
    ]
    return Workload("interpreter", "the same, each assert in a try: it needs an interpreter", plain.origin, problems)


def _in_an_interpreter(test: object) -> AssertTest:
    assert isinstance(test, AssertTest), test
    return AssertTest(code=_IN_AN_INTERPRETER.format(test=test.code.strip()))


def stdio(_data: published.Published | None) -> Workload:
    """Programs that read and print."""
    problems = [
        Problem(
            id=f"stdio/{number}",
            solutions=[f"{program.format(offset=max(0, row - SIDE // 2))}# {row}" for row in range(SIDE)],
            tests=[
                StdioTest(kind="stdio", stdin=given, stdout=said) for given, said in tasks.conversations(SIDE, answer)
            ],
        )
        for number, (program, answer) in enumerate(tasks.PROGRAMS)
    ]
    return Workload("stdio", f"{SIDE} programs × {SIDE} inputs", "generated", problems)


def heavy(_data: published.Published | None) -> Workload:
    """Cells that compute for a while."""
    solutions = [_BURN.format(seconds=HEAVY_MS / 1000, offset=row // 2, row=row) for row in range(HEAVY_SIDE)]
    tests = [AssertTest(code=f"assert f({column}) == {column}") for column in range(HEAVY_SIDE)]
    problems = [Problem(id="heavy", entry_point="f", solutions=solutions, tests=list(tests))]
    what = f"{HEAVY_SIDE} × {HEAVY_SIDE} cells of {HEAVY_MS} ms of CPU time"
    return Workload("heavy", what, "generated", problems)


def tiny(_data: published.Published | None) -> Workload:
    """One cell that does next to nothing."""
    problem = Problem(
        id="tiny", entry_point="f", solutions=["def f(x):\n    return x + 1\n"], tests=[_assert("f(1) == 2")]
    )
    return Workload("tiny", "one cell that does next to nothing", "generated", [problem])


def _assert(condition: str) -> AssertTest:
    return AssertTest(code=f"assert {condition}")


def real(data: published.Published | None) -> Workload | None:
    """What a model really wrote, with its syntax errors and its endless loops. None where there is no such data."""
    if data is None or not (problems := data.as_a_model_wrote_it):
        return None
    what = f"HumanEval, {SIDE} solutions × {SIDE} tests as CodeGen-16B wrote them, 1 s of CPU time a cell"
    limits = Limits(cpu_seconds=1.0)
    return Workload("real", what, "published data", problems, is_trusted=False, limits=limits, turn_problems=2)


KINDS: dict[str, Callable[[published.Published | None], Workload | None]] = {
    "literal": literal,
    "interpreter": interpreter,
    "stdio": stdio,
    "heavy": heavy,
    "tiny": tiny,
    "real": real,
}
