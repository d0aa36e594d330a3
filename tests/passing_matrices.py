"""Passing matrices for tests of selectors: hypothesis strategies and a few made by hand."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from crossjudge.trainer.selectors import SELECTORS, Labels, PassingMatrix, Selector

GOLDEN = ["PPFF", "PPFF", "PFPP", "FFPF"]
"""The example whose numbers are known."""

LABEL_FREE = sorted(set(SELECTORS) - {"oracle"})


def selector_named(name: str, **options: Any) -> Selector:
    return SELECTORS[name](**options)


@st.composite
def matrices(draw: st.DrawFn, letters: str = "PPPFFFETMC", with_outputs: bool | None = None) -> PassingMatrix:
    """Up to 7 × 7, with few different rows, so that groups of some size appear; copies, broken tests, outputs."""
    width = draw(st.integers(1, 7))
    kinds = draw(st.lists(st.text(letters, min_size=width, max_size=width), min_size=1, max_size=4))
    rows = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=7))
    height = len(rows)
    outputs = None
    if draw(st.booleans()) if with_outputs is None else with_outputs:
        answer = st.sampled_from(["a", "b", "c", None])
        outputs = draw(st.lists(st.lists(answer, min_size=width, max_size=width), min_size=height, max_size=height))
    return PassingMatrix.of(
        rows,
        id="drawn",
        solution_copies=draw(st.lists(st.integers(1, 5), min_size=height, max_size=height)),
        test_copies=draw(st.lists(st.integers(1, 5), min_size=width, max_size=width)),
        sound_tests=draw(st.lists(st.sampled_from([True, True, True, False]), min_size=width, max_size=width)),
        outputs=outputs,
        log_probs=draw(st.none() | st.lists(st.sampled_from([-0.1, -0.5, -1.0]), min_size=height, max_size=height)),
    )


def labels_of(matrix: PassingMatrix) -> Labels:
    """Some truth that fits the matrix: the solutions that do as the first does."""
    solutions = (matrix.letters == matrix.letters[0]).all(axis=1)
    return Labels(np.asarray(solutions))
