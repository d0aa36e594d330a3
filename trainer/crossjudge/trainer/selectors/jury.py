"""The jury: four different readings of a matrix, none of which decides alone."""

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np

from .b4 import Priors, log_evidence
from .base import Consensus, log_margin_of, softmax
from .codet import soft_agreement
from .errors import BadOption
from .groups import Groups, output_groups
from .inputs import Answers, answers
from .matrix import Bools, Floats, PassingMatrix
from .ranks import average_ranks
from .selection import Selection

FEW_INPUTS = 3
"""With fewer distinct inputs, answering the same to all of them is no sign of being wrong."""
READINGS = ("evidence", "popularity", "agreement", "election")
LONELY = "too few solutions pass nearly the same tests as the best cluster"


class Jury(Consensus):
    """Ours. Ranks the clusters of equal outputs by four scores and multiplies the ranks; the smallest product wins.

    - Evidence: B4's `log_evidence` with its strong prior: what many pass is right.
    - Popularity: Σ over the tests passed of (share of the solutions that pass it)^`exponent`: the linear reading of it.
    - Agreement: CodeT's score with near members (`soft_codet`).
    - Election: at each distinct input k the answers v are candidates. S_k(v) solutions give it, T_k(v) tests expect it,
      P_k(v) ∝ S_k(v)·(T_k(v) + `doubt`); a cluster scores ln|C| + Σ_k ln P_k(its answer). Tests at one input exclude
      each other, which the others do not know, and solutions that differ in some answers support each other in the
      rest. `doubt` is what an answer that no test expects is worth beside one that a test expects.

    A cluster that answers the same to each of three inputs or more comes last: such a solution ignores its input. Equal
    products share the choice. Each reading errs where its model of tests is wrong, and they err in different places;
    the product of ranks asks a winner to be near the top of each.

    A cluster's score is (product of ranks)^-`sharpness`, scaled to a sum of 1, times the root of its `support`: ranks
    say which cluster is the best, and the size of the crowd near it whether the best is any good. Below `min_support`
    of that crowd it abstains.

    Without outputs there is nothing to elect: clusters are equal rows, and the first three decide. `readings` names
    those that take part.
    """

    name: ClassVar[str] = "jury"

    def __init__(
        self, copies: bool = False, alpha_xy: float = 1e3, beta_0: float = 1e5, exponent: float = 2.0,
        doubt: float = 0.2, readings: Sequence[str] = READINGS, sharpness: float = 1.0, min_support: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(copies)
        if not 0 <= min_support <= 1:
            raise BadOption(f"min_support is a share between 0 and 1, not {min_support}")
        if doubt <= 0:
            raise BadOption(f"doubt must be above 0, not {doubt}: an answer that no test expects may be right")
        if not set(readings) & set(READINGS[:3]) or not set(readings) <= set(READINGS):
            raise BadOption(f"readings are of {', '.join(READINGS)}, one of the first three among them; not {readings}")
        self.priors = Priors.family(alpha_xy, beta_0)
        self.exponent, self.doubt, self.readings = exponent, doubt, tuple(readings)
        self.sharpness, self.min_support = sharpness, min_support

    def groups(self, matrix: PassingMatrix) -> Groups:
        return output_groups(matrix, copies=self.copies)

    def raw_scores(self, groups: Groups) -> Floats:
        """(G,), minus the logarithm of the product of ranks."""
        scores: dict[str, Callable[[], Floats]] = {
            "evidence": lambda: log_evidence(groups, self.priors),
            "popularity": lambda: popularity(groups, self.exponent),
            "agreement": lambda: soft_agreement(groups),
        }
        last = np.zeros(groups.count, np.bool_)
        if groups.matrix.outputs is not None:
            given = answers(groups)
            scores["election"] = lambda: election(groups, given, self.doubt)
            last = ignores_input(given)
        readings = [score() for name, score in scores.items() if name in self.readings]
        ranks = [average_ranks(np.where(last, np.inf, -np.round(each, 9))) for each in readings]
        return np.asarray(-np.log(ranks).sum(axis=0))

    def beliefs(self, groups: Groups, raw: Floats) -> tuple[Floats, float]:
        return softmax(self.sharpness * raw) * np.sqrt(groups.support), log_margin_of(self.sharpness * raw)

    def _of_groups(self, matrix: PassingMatrix, groups: Groups) -> Selection:
        selection = super()._of_groups(matrix, groups)
        if self.min_support > 0 and selection.abstain is None:
            best = groups.of[selection.solutions[groups.rows]]
            if groups.support[best].max() < self.min_support:
                return selection.because(LONELY)
        return selection


def ignores_input(given: Answers) -> Bools:
    """(G,), groups with one answer to everything; none where all are so or where there are too few inputs."""
    constant = given.is_constant
    if given.kind.shape[1] < FEW_INPUTS:
        return np.zeros_like(constant)
    return np.zeros_like(constant) if constant.all() else constant


def popularity(groups: Groups, exponent: float) -> Floats:
    """(G,), Σ_j E_Cj·(share of the solutions that pass j)^exponent."""
    shares = groups.n @ groups.pattern / groups.all_n
    return np.asarray(groups.pattern @ shares**exponent)


def election(groups: Groups, given: Answers, doubt: float) -> Floats:
    """(G,), ln|C| + Σ_k ln P_k(the group's answer)."""
    support = given.votes * (given.confirmed + doubt)  # (G, K)
    inputs = support.shape[1]
    total = np.zeros((int(given.kind.max()) + 1, inputs))  # groups that answer alike have the same support
    total[given.kind, np.arange(inputs)] = support
    return np.asarray(np.log(groups.n) + np.log(support / total.sum(axis=0)).sum(axis=1))
