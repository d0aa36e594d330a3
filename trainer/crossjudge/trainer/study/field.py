"""A field of contestants on one set of problems: what each chose, and its figures with intervals."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from crossjudge.trainer.selectors import Selection
from crossjudge.trainer.selectors.matrix import Bools, Floats

from .contestants import CHANCE, Contestant
from .labelled import Labelled
from .rating import Bin, reliability
from .resampling import Estimate, Resamples, Tally
from .scores import FIGURES, picks, tallies

Progress = Callable[[str], None]


def _silent(_what: str) -> None: ...


@dataclass(frozen=True, eq=False)
class Entry:
    """One contestant's choices and figures."""

    contestant: Contestant
    selections: list[Selection]
    tallies: dict[str, Tally]


class Field:
    """Contestants side by side on the same problems, under the same resamples."""

    def __init__(self, name: str, problems: Sequence[Labelled], entries: Sequence[Entry], seed: int = 0) -> None:
        self.name, self.problems, self.seed = name, list(problems), seed
        self.entries = {each.contestant.label: each for each in entries}
        self.resamples = Resamples(len(self.problems), seed)

    @cached_property
    def has_right(self) -> Bools:
        """(P,), the problems with at least one right solution."""
        return np.array([each.labels.solutions.any() for each in self.problems], np.bool_)

    @cached_property
    def has_both(self) -> Bools:
        """(P,), with right solutions and wrong ones: the problems that B4's tables are over."""
        return np.array([0 < each.share_right < 1 for each in self.problems], np.bool_)

    def where(self, kept: Bools, name: str) -> "Field":
        """The same field on some of the problems."""
        entries = [
            Entry(
                each.contestant,
                [selection for selection, keep in zip(each.selections, kept, strict=True) if keep],
                {figure: tally.where(kept) for figure, tally in each.tallies.items()},
            )
            for each in self.entries.values()
        ]
        return Field(name, [each for each, keep in zip(self.problems, kept, strict=True) if keep], entries, self.seed)

    def estimate(self, label: str, figure: str) -> Estimate:
        return self.resamples.estimate(self.entries[label].tallies[figure])

    def difference(self, one: str, other: str, figure: str = "pick") -> Estimate:
        tallies_of = {label: self.entries[label].tallies[figure] for label in (one, other)}
        return self.resamples.difference(tallies_of[one], tallies_of[other])

    def reliability(self, label: str, figure: str = "calibration") -> list[Bin]:
        return reliability(self.entries[label].tallies[figure], self.resamples)

    def picks(self, label: str) -> Floats:
        """(P,), of each problem; those of `random` in expectation."""
        entry = self.entries[label]
        if entry.contestant.selector == CHANCE:
            return np.array([each.share_right for each in self.problems])
        return picks(self.problems, entry.selections)

    @cached_property
    def best(self) -> str:
        """The rule with the highest pass@1; the bounds do not compete."""
        rules = [label for label, each in self.entries.items() if not each.contestant.is_bound]
        return max(rules, key=lambda label: self.entries[label].tallies["pick"].value)

    def as_json(self) -> dict[str, Any]:
        return {
            "problems": len(self.problems),
            "problems_with_a_right_solution": int(self.has_right.sum()),
            "best": self.best,
            "selectors": {label: self._entry_json(label) for label in self.entries},
        }

    def _entry_json(self, label: str) -> dict[str, Any]:
        tables = {
            figure: [{"things": b.things, "score": round(b.score, 6), "right": b.right.as_json()} for b in bins]
            for figure in ("calibration", "test_calibration")
            if (bins := self.reliability(label, figure))
        }
        return {
            **{figure: self.estimate(label, figure).as_json() for figure in FIGURES},
            "less_than_best": self.difference(label, self.best).as_json(),
            "reliability": tables,
        }


def compare(
    name: str, problems: Sequence[Labelled], contestants: Iterable[Contestant], seed: int = 0, tell: Progress = _silent
) -> Field:
    """Let each contestant choose on each problem."""
    entries = []
    for each in contestants:
        tell(f"{name}: {each.label}")
        selections = each.select(problems)
        entries.append(Entry(each, selections, tallies(problems, selections, by_chance=each.selector == CHANCE)))
    return Field(name, problems, entries, seed)
