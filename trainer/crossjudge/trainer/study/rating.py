"""How good scores are: do they rank right before wrong, and do they say how likely right is?"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from crossjudge.trainer.selectors.matrix import Bools, Floats, Ints

from .resampling import Estimate, Resamples, Tally, mean_of, ratio

BINS = 10
_MOST_RANKS = 256


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of the things of P problems, pooled; things without a score (NaN) are left out."""

    problem: Ints
    """(I,), the problem of each"""
    score: Floats
    """(I,)"""
    right: Bools
    """(I,)"""
    problems: int

    @staticmethod
    def of(parts: list[tuple[Floats, Bools]]) -> "Scored":
        """From the scores and the truth of each problem."""
        sizes = [len(scores) for scores, _ in parts]
        score = np.concatenate([scores for scores, _ in parts]) if parts else np.zeros(0)
        right = np.concatenate([right for _, right in parts]) if parts else np.zeros(0, np.bool_)
        known = ~np.isnan(score)
        return Scored(np.repeat(np.arange(len(parts)), sizes)[known], score[known], right[known], len(parts))

    def counted(self, cells: Ints, width: int, weights: Floats | None = None) -> Floats:
        """(P, width), how many things (or how much weight) of each problem fall into each cell."""
        flat = np.bincount(self.problem * width + cells, weights, self.problems * width)
        return flat.reshape(self.problems, width).astype(np.float64)


def auc(scores: Floats, right: Bools) -> float:
    """How often a right thing scores above a wrong one, ties counted half. NaN where there is no such pair."""
    known = ~np.isnan(scores)
    above, below = scores[known & right], np.sort(scores[known & ~right])
    if not above.size or not below.size:
        return float("nan")
    less, at_most = np.searchsorted(below, above, "left"), np.searchsorted(below, above, "right")
    return float((less + at_most).mean() / (2 * below.size))


def mean_auc(parts: list[tuple[Floats, Bools]]) -> Tally:
    """The mean over problems of the AUC inside each; those with nothing right or nothing wrong have none."""
    return mean_of(np.array([auc(scores, right) for scores, right in parts]))


def pooled_auc(scored: Scored) -> Tally:
    """The AUC over the things of all problems together: are scores of different problems comparable?

    Of more than `_MOST_RANKS` different scores neighbours are merged, which moves it by some thousandths at most.
    """
    distinct, rank = np.unique(scored.score, return_inverse=True)
    if distinct.size > _MOST_RANKS:
        edges = np.unique(np.quantile(scored.score, np.linspace(0, 1, _MOST_RANKS + 1)[1:-1]))
        rank = np.searchsorted(edges, scored.score, "right")
    width = int(rank.max()) + 1 if rank.size else 1
    right = scored.counted(rank, width, scored.right.astype(float))
    wrong = scored.counted(rank, width, (~scored.right).astype(float))
    return Tally(np.concatenate([right, wrong], axis=1).astype(np.float32), partial(_auc_of_counts, width))


def _auc_of_counts(width: int, sums: Floats) -> Floats:
    right, wrong = sums[:, :width], sums[:, width:]
    below = np.cumsum(wrong, axis=1) - wrong / 2
    pairs = right.sum(axis=1) * wrong.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, (right * below).sum(axis=1) / pairs, np.nan)


def brier(scored: Scored) -> Tally:
    """The mean squared distance of score and truth, all things pooled."""
    zeros = np.zeros_like(scored.problem)
    squares = scored.counted(zeros, 1, (scored.score - scored.right) ** 2)
    return Tally(np.concatenate([squares, scored.counted(zeros, 1)], axis=1), ratio)


def calibration(scored: Scored) -> Tally:
    """The expected calibration error: Σ over bins of (share of things) · |mean score - share right|, `BINS` equal bins.

    The sums are, for each bin, things, total score and right things: `reliability` reads the same.
    """
    cells = np.minimum((scored.score * BINS).astype(np.int64), BINS - 1)
    parts = [scored.counted(cells, BINS, weights) for weights in (None, scored.score, scored.right.astype(float))]
    return Tally(np.concatenate(parts, axis=1), _calibration_error)


def _calibration_error(sums: Floats) -> Floats:
    count, score, right = np.split(sums, 3, axis=1)
    total = count.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, np.abs(score - right).sum(axis=1) / total, np.nan)


@dataclass(frozen=True)
class Bin:
    """One bin of a reliability table: of so many things with about that score, what share was right."""

    things: int
    score: float
    right: Estimate


def reliability(table: Tally, resamples: Resamples) -> list[Bin]:
    """The bins that hold anything, from the sums of `calibration`."""
    bins = []
    for at in range(BINS):
        things, score, _ = table.sums[:, at::BINS].sum(axis=0)
        if things:
            share = Tally(table.sums[:, [2 * BINS + at, at]], ratio)
            bins.append(Bin(int(things), float(score / things), resamples.estimate(share)))
    return bins
