"""DyB4: B4 whose priors are counted anew, during training, from a few labelled problems."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Literal

import numpy as np

from .b4 import B4, Beta, Priors
from .errors import BadOption, BadState
from .groups import Groups, output_groups
from .labels import Labels
from .matrix import Floats, PassingMatrix
from .state import Count, State, read_state

UNKNOWNS = tuple(field.name for field in fields(Priors))
"""The four rates that have a prior, in the order of `Priors`."""

Pair = tuple[Count, Count]


class _Counts(State):
    correct_solution: Pair
    correct_test: Pair
    wrong_passes_correct: Pair
    wrong_passes_wrong: Pair


class _State(State):
    kind: Literal["dyb4"]
    version: Literal[1]
    copies: bool
    counts: _Counts


class DyB4(B4):
    """B4 (`b4`) with conjugate priors counted on labelled problems (ZeroCoder's DyB4, 2604.07864; ten are enough).

    Each call of `observe` judges what the current models wrote for the labelled problems: c ← forgetting · c + counts,
    pooled over problems. With (yes, no) the counts of one rate, its prior is Beta(1 + yes, 1 + no), or, with `strength`
    κ, Beta(κ·(1 + yes), κ·(1 + no)) / (2 + yes + no): the same mean, worth κ observations. What is counted:

      θ_x  correct and wrong solutions            θ_1  cells of wrong solutions in correct tests that pass, that do not
      θ_y  correct and wrong tests                θ_0  the same in wrong tests

    A rate of which nothing was observed yet keeps B4's own prior (`alpha_xy`, `beta_0`), so that without labels this is
    B4. Masked cells and tests that are broken by themselves count nowhere. Tests of a problem are counted where it is
    known which are correct (`Labels.of_tests`): not where no solution is correct and nobody said.

    `forgetting` is γ in [0, 1]: 1 keeps all, 0 looks at the last call alone. With `copies` everything counts as often
    as it was written, here and in the score; with `outputs` solutions are alike where they gave back the same. The
    paper's own schedule and update are not published; this reconstruction is from its abstract.
    """

    name: ClassVar[str] = "dyb4"

    def __init__(
        self,
        alpha_xy: float = 1e3,
        beta_0: float = 1e5,
        copies: bool = False,
        outputs: bool = False,
        strength: float | None = None,
        forgetting: float = 0.8,
    ) -> None:
        super().__init__(alpha_xy, beta_0, copies)
        if strength is not None and not (np.isfinite(strength) and strength > 0):
            raise BadOption(f"strength is a number above 0, not {strength}")
        if not 0 <= forgetting <= 1:
            raise BadOption(f"forgetting is a number from 0 to 1, not {forgetting}")
        self.outputs, self.strength, self.forgetting = outputs, strength, forgetting
        self._fallback = self.priors
        self._counts: Floats = np.zeros((len(UNKNOWNS), 2))  # yes and no of each rate

    def groups(self, matrix: PassingMatrix) -> Groups:
        return output_groups(matrix, copies=self.copies) if self.outputs else super().groups(matrix)

    def observe(self, matrices: Sequence[PassingMatrix], labels: Sequence[Labels]) -> None:
        """Recalibrate on the labelled problems of one step. Raises `BadMatrix` where labels are not of their matrix.

        Select first, then observe, where the same problems also say how good the selections were.
        """
        counted = np.zeros_like(self._counts)
        for matrix, label in zip(matrices, labels, strict=True):
            label.check(matrix)
            counted += _counts_of(matrix, label, self.copies)
        self._counts = self.forgetting * self._counts + counted
        self.priors = self._recalibrated()

    def state_dict(self) -> dict[str, Any]:
        """All that was learnt, as plain JSON values."""
        counts = {name: (float(yes), float(no)) for name, (yes, no) in zip(UNKNOWNS, self._counts, strict=True)}
        return _State(kind="dyb4", version=1, copies=self.copies, counts=_Counts(**counts)).model_dump(mode="json")

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises `BadState` and leaves all as it was."""
        found = read_state(_State, state, self.name)
        if found.copies != self.copies:
            raise BadState(
                f"this state of dyb4 was counted with copies={found.copies}, which is not how this one counts"
            )
        self._counts = np.array([getattr(found.counts, name) for name in UNKNOWNS])
        self.priors = self._recalibrated()

    def _recalibrated(self) -> Priors:
        names = zip(UNKNOWNS, self._counts, strict=True)
        return Priors(**{name: self._prior(pair, getattr(self._fallback, name)) for name, pair in names})

    def _prior(self, pair: Floats, fallback: Beta) -> Beta:
        if not pair.any():
            return fallback
        yes, no = (pair + 1) * (1.0 if self.strength is None else self.strength / (pair.sum() + 2))
        return float(yes), float(no)


def _counts_of(matrix: PassingMatrix, labels: Labels, copies: bool) -> Floats:
    """(4, 2), yes and no of each rate in one problem."""
    correct, good = labels.solutions, labels.of_tests(matrix)
    solutions = matrix.solution_copies if copies else np.ones(matrix.shape[0])
    counts = np.zeros((len(UNKNOWNS), 2))
    counts[0] = solutions[correct].sum(), solutions[~correct].sum()
    if good is None:
        return counts
    tests = matrix.sound_tests * (matrix.test_copies if copies else 1.0) * matrix.judged.any(axis=0)
    counts[1] = tests[good].sum(), tests[~good].sum()
    wrong = solutions * ~correct
    passes, judged = wrong @ matrix.passed * tests, wrong @ matrix.judged * tests  # (M,) each
    for place, which in ((2, good), (3, ~good)):
        counts[place] = passes[which].sum(), (judged - passes)[which].sum()
    return counts
