"""UCoder's selection: execution success, consensus strength, fluency."""

from typing import ClassVar

import numpy as np

from .base import ScaledConsensus
from .errors import BadOption
from .groups import Groups
from .matrix import Bools, Floats, PassingMatrix
from .selection import Selection

NO_CLUSTER = "no cluster of solutions that run and pass something has as many members as are asked for"


class UCoder(ScaledConsensus):
    """The solution r* of 2512.17385 §2 (Eq. 4 to 7), one of each problem.

    e(r) = share of the tests that executed: the cell ended with a pass or a failed check. Kept are solutions with
    e >= `min_executed`. s(r) = size of r's cluster, the solutions with the same signature of passes; the cluster chosen
    is the largest one, of at least `min_members`. f(r) = exp(-mean log-probability of a token), the perplexity: in that
    cluster the solution with the largest e, then with the smallest f is chosen, all of them where still tied. Without
    log-probabilities f is the same for all.

    `pass_something` is ours: clusters that pass nothing are never chosen. The paper leaves that open, and where all
    solutions crash or all tests are wrong that cluster is the largest. The threshold of members is not in the paper.
    """

    name: ClassVar[str] = "ucoder"

    def __init__(
        self, min_executed: float = 0.8, min_members: int = 2, copies: bool = True, pass_something: bool = True
    ) -> None:
        super().__init__(copies)
        if not 0 <= min_executed <= 1:
            raise BadOption(f"min_executed is a share between 0 and 1, not {min_executed}")
        self.min_executed, self.min_members, self.pass_something = min_executed, min_members, pass_something

    def executed(self, matrix: PassingMatrix) -> Floats:
        """(N,), e(r) over the sound tests that the solution was judged on; 0 where there are none."""
        judged = matrix.judged[:, matrix.sound_tests].sum(axis=1)
        ran = judged - matrix.broke[:, matrix.sound_tests].sum(axis=1)
        return np.asarray(ran / np.maximum(judged, 1))

    def raw_scores(self, groups: Groups) -> Floats:
        """(G,), members of the cluster that are kept; 0 where the cluster itself is not."""
        matrix, rows = groups.matrix, groups.rows
        kept = self.executed(matrix)[rows] >= self.min_executed
        weights = matrix.solution_copies[rows] if self.copies else np.ones(rows.size)
        sizes = np.bincount(groups.of, weights * kept, groups.count)
        if self.pass_something:
            sizes = sizes * (groups.m > 0)
        return np.asarray(sizes)

    def most(self, groups: Groups) -> float:
        return groups.all_n

    def _select(self, matrix: PassingMatrix) -> Selection:
        groups = self.groups(matrix)
        selection = self._of_groups(matrix, groups)
        if selection.abstain is None and self.raw_scores(groups).max() < self.min_members:
            return selection.because(NO_CLUSTER)
        return selection if selection.abstain else selection.only(self._best_of(matrix, selection))

    def _best_of(self, matrix: PassingMatrix, selection: Selection) -> Bools:
        """(N,), of the chosen cluster those with the best (e, -f)."""
        executed = self.executed(matrix)
        fluency = matrix.log_probs if matrix.log_probs is not None else np.zeros(matrix.shape[0])
        chosen = selection.solutions & (executed >= self.min_executed)
        for values in (executed, fluency):
            chosen &= values >= values[chosen].max()
        return chosen
