"""A passing matrix whose truth is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crossjudge.trainer.selectors import Labels, PassingMatrix


@dataclass(frozen=True, eq=False)
class Labelled:
    """One problem of a study."""

    matrix: PassingMatrix
    labels: Labels

    @property
    def share_right(self) -> float:
        """Of its (distinct) solutions; 0 where it has none."""
        right = self.labels.solutions
        return float(right.mean()) if right.size else 0.0


def matrices(problems: Iterable[Labelled]) -> list[PassingMatrix]:
    return [each.matrix for each in problems]


def labels_of(problems: Sequence[Labelled]) -> dict[str, Labels]:
    """By the problem's id, as the oracle wants them."""
    return {each.matrix.id: each.labels for each in problems}
