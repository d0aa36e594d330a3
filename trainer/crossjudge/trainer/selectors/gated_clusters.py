"""Output clusters scored as CodeT scores, behind gates: what trains without collapse."""

from typing import ClassVar

import numpy as np

from .base import ScaledConsensus
from .errors import BadOption
from .groups import Groups, equal_rows, grouped, output_groups
from .matrix import Bools, Floats, Ints, PassingMatrix
from .selection import Selection, unknown

NOT_ENOUGH = "the best cluster has too few members"
TOO_CLOSE = "the runner-up comes too close to the best cluster"
ALL_CRASH = "each solution breaks on some test that others run"


class GatedClusters(ScaledConsensus):
    """Score of a cluster of equal outputs = m · sqrt(|C|), where m counts tests that tell solutions apart.

    Ours; each part was found by a training run that failed without it (docs/training.md):

    - Solutions are alike where they gave back the same on each test's input (equal rows where no outputs are known).
    - A solution that breaks on a test which another solution runs without breaking is in no cluster.
    - A test that all such solutions pass, or that none passes, says nothing; equal tests count once.
    - It abstains where the best cluster has fewer than `min_members` members or the runner-up scores more than
      (1 - `min_margin`) of it.

    With one cluster alone there is nothing to tell apart: it is chosen by its size, and all tests that it passes.
    """

    name: ClassVar[str] = "gated_clusters"

    def __init__(
        self, min_members: int = 2, min_margin: float = 0.25, copies: bool = True, crashes_cluster: bool = False
    ) -> None:
        super().__init__(copies)
        if not 0 <= min_margin <= 1:
            raise BadOption(f"min_margin is a share between 0 and 1, not {min_margin}")
        self.min_members, self.min_margin, self.crashes_cluster = min_members, min_margin, crashes_cluster

    def groups(self, matrix: PassingMatrix) -> Groups:
        groups = output_groups(matrix, copies=self.copies)
        if self.crashes_cluster or not groups.rows.size:
            return groups
        runs = ~_breaks(matrix, groups.rows, groups.columns)
        rows = groups.rows[runs]
        passed = matrix.passed[rows][:, groups.columns]
        _, of = np.unique(groups.of[runs], return_inverse=True)
        return grouped(matrix, rows, groups.columns, passed, of, copies=self.copies)

    def raw_scores(self, groups: Groups) -> Floats:
        telling = groups.pattern.any(axis=0) & ~groups.pattern.all(axis=0)
        if not telling.any():
            return np.asarray(np.sqrt(groups.n) * (groups.m > 0))
        _, distinct = np.unique(
            equal_rows(groups.pattern[:, telling].T), return_index=True
        )  # equal columns say one thing
        return np.asarray(groups.pattern[:, telling][:, distinct].sum(axis=1) * np.sqrt(groups.n))

    def most(self, groups: Groups) -> float:
        return float(max(groups.columns.size, 1) * np.sqrt(groups.all_n))

    def _select(self, matrix: PassingMatrix) -> Selection:
        groups = self.groups(matrix)
        if not groups.rows.size:
            return unknown(matrix, ALL_CRASH)
        selection = self._of_groups(matrix, groups)
        if selection.abstain is None and groups.n[groups.of[selection.solutions[groups.rows]]].max() < self.min_members:
            return selection.because(NOT_ENOUGH)
        if selection.abstain is None and selection.margin < self.min_margin:
            return selection.because(TOO_CLOSE)
        return selection


def _breaks(matrix: PassingMatrix, rows: Ints, columns: Ints) -> Bools:
    """(n_rows,), whether a solution breaks on any test that some other solution runs."""
    broke = matrix.broke[rows][:, columns]
    return np.asarray((broke & ~broke.all(axis=0)).any(axis=1))
