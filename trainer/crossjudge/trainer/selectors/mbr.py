"""MBR-exec: the largest set of solutions that behave alike."""

from typing import ClassVar

from .base import ScaledConsensus
from .groups import Groups, output_groups
from .matrix import Floats, PassingMatrix


class MBR(ScaledConsensus):
    """Score of a set C = |C|: minimum Bayes risk under the loss "behaves differently on the tests" (2204.11454).

    As in B4's comparison (2409.08692 §5) it looks at passes alone, so that solutions which fail everything form a set
    like any other. With `copies` each solution counts as often as it was written.
    """

    name: ClassVar[str] = "mbr"

    def raw_scores(self, groups: Groups) -> Floats:
        return groups.n

    def most(self, groups: Groups) -> float:
        return groups.all_n


class OutputMajority(MBR):
    """MBR over what the solutions gave back instead of over what they pass (with no outputs it is `mbr`).

    Wrong tests do not disturb it, since only their inputs matter.
    """

    name: ClassVar[str] = "output_majority"

    def groups(self, matrix: PassingMatrix) -> Groups:
        return output_groups(matrix, copies=self.copies)
