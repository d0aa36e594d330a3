"""A stream of problems cut into batches of a sensible size, no further ahead than is asked for. Sends nothing."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from crossjudge.contracts import AssertTest, Problem, PytestTest, StdioTest, Test

from ._check import ProblemLike, problem_of
from .errors import CrossjudgeError, InvalidRequest

OnRefused = Callable[[int, CrossjudgeError], None]

BATCH_BYTES = 8 * 2**20
"""About as much source text as one batch carries; one problem alone may carry more."""
BATCH_PROBLEMS = 1000


@dataclass(frozen=True)
class Task:
    """A problem and its position in the caller's input. It always has an id."""

    index: int
    problem: Problem


@dataclass(frozen=True)
class Refusal:
    """A problem that the service would not judge, and why."""

    index: int
    error: CrossjudgeError

    @classmethod
    def of(cls, task: Task, error: CrossjudgeError) -> "Refusal":
        """The service saw the problem as the only one of its batch; the caller knows it by its place in the input."""
        here, there = "$.problems[0]", f"$.problems[{task.index}]"
        error.detail = error.detail.replace(here, there)
        error.args = (error.detail,)
        error.violations = tuple(
            v.model_copy(update={"path": v.path.replace(here, there), "detail": v.detail.replace(here, there)})
            for v in error.violations
        )
        error.add_note(f"problem {task.problem.id!r}, number {task.index} of the input")
        return cls(task.index, error)


def task_of(index: int, value: ProblemLike) -> Task:
    """The problem at that position. One without an id is named by its position: its batch would number it anew.

    Raises `InvalidRequest`.
    """
    problem = problem_of(value, f"$.problems[{index}]")
    return Task(index, problem if problem.id is not None else problem.model_copy(update={"id": str(index)}))


def batched(
    problems: Iterable[ProblemLike], cells_per_batch: int, on_refused: OnRefused | None = None
) -> Iterator[list[Task]]:
    """Batches of about `cells_per_batch` cells; nothing is cut, so one problem may make a larger one.

    What is no problem at all is told to `on_refused`, where there is one, and else raised as `InvalidRequest`.
    """
    batching = Batching(cells_per_batch)
    for index, value in enumerate(problems):
        if full := batching.take(index, value, on_refused):
            yield full
    if rest := batching.rest():
        yield rest


async def abatched(
    problems: Iterable[ProblemLike] | AsyncIterable[ProblemLike], cells_per_batch: int, on_refused: OnRefused | None
) -> AsyncIterator[list[Task]]:
    """`batched` for a source of either kind."""
    if not isinstance(problems, AsyncIterable):
        for tasks in batched(problems, cells_per_batch, on_refused):
            yield tasks
        return
    batching, index = Batching(cells_per_batch), 0
    async for value in problems:
        if full := batching.take(index, value, on_refused):
            yield full
        index += 1
    if rest := batching.rest():
        yield rest


class Batching:
    """The batch that is being filled."""

    def __init__(self, cells_per_batch: int) -> None:
        if cells_per_batch < 1:
            raise ValueError(f"cells_per_batch must be at least 1, not {cells_per_batch}")
        self.cells_per_batch = cells_per_batch
        self._tasks: list[Task] = []
        self._cells = 0
        self._bytes = 0

    def take(self, index: int, value: ProblemLike, on_refused: OnRefused | None) -> list[Task]:
        """Take one more, if it is a problem; returns the batch when it is full, else an empty list."""
        try:
            task = task_of(index, value)
        except InvalidRequest as error:
            if on_refused is None:
                raise
            on_refused(index, error)
            return []
        return self.add(task)

    def add(self, task: Task) -> list[Task]:
        """Take one more; returns the batch when it is full, else an empty list."""
        self._tasks.append(task)
        self._cells += cells_of(task.problem)
        self._bytes += _size_of(task.problem)
        full = self._cells >= self.cells_per_batch or self._bytes >= BATCH_BYTES
        return self.rest() if full or len(self._tasks) >= BATCH_PROBLEMS else []

    def rest(self) -> list[Task]:
        """What has been taken since the last full batch."""
        tasks, self._tasks, self._cells, self._bytes = self._tasks, [], 0, 0
        return tasks


def cells_of(problem: Problem) -> int:
    """Solutions × tests."""
    return len(problem.solutions) * len(problem.tests)


def halves(tasks: Sequence[Task]) -> tuple[Sequence[Task], Sequence[Task]]:
    middle = len(tasks) // 2
    return tasks[:middle], tasks[middle:]


def _size_of(problem: Problem) -> int:
    return len(problem.prelude) + sum(map(len, problem.solutions)) + sum(map(_test_size, problem.tests))


def _test_size(test: Test) -> int:
    if isinstance(test, AssertTest | PytestTest):
        return len(test.code)
    if isinstance(test, StdioTest):
        return len(test.stdin) + len(test.stdout)
    return 500  # a call's values: walking them all would cost more than a rough guess is worth
