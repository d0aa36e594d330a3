"""The Mistake Book in a run: what it has solutions pass again, what goes into it, and the file that shows it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crossjudge.contracts import AssertTest
from crossjudge.trainer.mistakes import FILE, MistakeBook, Outcome
from crossjudge.trainer.selectors import Selection

from .config import MistakesConfig
from .judging import JudgedRollout
from .run_folder import write_whole


class Replay:
    """With `replay` 0 there is no book, and all of this does nothing."""

    def __init__(self, config: MistakesConfig) -> None:
        self._count = config.replay
        self.book = MistakeBook(config)

    def tests(self, problem: str) -> list[str]:
        """What the solutions of a problem have to pass again."""
        return [mistake.test for mistake in self.book.top(problem, self._count)]

    def update(self, number: int, outcomes: Sequence[Outcome], cells: int, folder: Path) -> dict[str, float]:
        """Write a step down, in the run's folder too. Returns metrics; `cells` were judged on replayed tests."""
        if not self._count:
            return {}
        change = self.book.update(outcomes, number)
        write_whole(folder / FILE, self.book.to_json())
        found: dict[str, float] = {
            "book/tests": len(self.book), "book/problems": len(self.book.problems), "book/inserted": change.inserted,
            "book/solved": change.solved, "book/dropped": change.dropped, "book/replayed": cells,
        }  # fmt: skip
        if cells:
            found["book/pass_rate"] = sum(len(each.solved) for each in outcomes) / cells
        return {name: float(value) for name, value in found.items()}


def outcome_of(each: JudgedRollout, selection: Selection) -> Outcome:
    """What the book learns of a rollout without labels: new tests count that the selector chose, as far as they are
    asserts, and none where it abstains."""
    rollout, own = each.rollout, len(each.rollout.owners)
    passed, failed = each.passed, each.judged & ~each.passed  # (N, M)
    chosen = np.flatnonzero(selection.tests[:own] & (selection.abstain is None))
    new = {test.code: at for at in chosen if isinstance(test := rollout.tests[at], AssertTest)}
    replayed = [(test.code, own + at) for at, test in enumerate(rollout.replayed)]
    return Outcome(
        rollout.problem.id,
        solved=[text for text, at in replayed for _ in range(passed[:, at].sum())],
        failed=[text for text, at in new.items() for _ in range(failed[:, at].sum())],
    )
