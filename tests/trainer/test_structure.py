"""Rank, behaviours, discriminating tests and density of passing matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crossjudge.trainer.selectors import PassingMatrix
from crossjudge.trainer.selectors.matrix import Bools
from crossjudge.trainer.selectors.structure import Structure, informative, rank_of, structure

tables = arrays(np.bool_, st.tuples(st.integers(0, 8), st.integers(0, 8)))


@given(tables)
def test_the_rank_is_the_one_over_the_real_numbers(table: Bools) -> None:
    assert rank_of(table) == (np.linalg.matrix_rank(table.astype(float)) if table.size else 0)


@given(tables)
def test_copies_and_order_change_no_rank(table: Bools) -> None:
    more = np.concatenate([table[::-1, ::-1], table[: len(table) // 2, ::-1]])
    assert rank_of(more) == rank_of(table) == rank_of(table.T)


def test_a_rank_that_two_would_divide_is_whole() -> None:
    assert rank_of(np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]], np.bool_)) == 3


def test_large_matrices_of_known_rank() -> None:
    stairs = np.tril(np.ones((40, 60), np.bool_))
    chosen = np.random.default_rng(0).integers(40, size=60)
    assert rank_of(stairs[chosen]) == np.unique(chosen).size < 40
    assert rank_of(np.eye(100, dtype=np.bool_)) == 100


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["PPF", "PPF", "PFP", "FFF"], Structure(2, 2, 1.0, 0.5)),
        (["PPF", "PPF"], Structure(1, 1, 0.0, 2 / 3)),
        (["FF", "ET"], Structure(0, 0, 0.0, 0.0)),
        (["XX", "SS"], Structure(0, 0, 0.0, 0.0)),
        (["PX", "FX"], Structure(1, 1, 1.0, 0.5)),
        ([], Structure(0, 0, 0.0, 0.0)),
        (["", ""], Structure(0, 0, 0.0, 0.0)),
    ],
)
def test_what_a_matrix_is_made_of(rows: list[str], expected: Structure) -> None:
    assert structure(PassingMatrix.of(rows)) == expected


def test_broken_tests_are_left_out() -> None:
    matrix = PassingMatrix.of(["PPP", "PFF"], sound_tests=[1, 1, 0])
    assert structure(matrix) == Structure(2, 2, 0.5, 0.75)


def test_the_filter_keeps_what_has_two_directions_at_least() -> None:
    given = [PassingMatrix.of(rows) for rows in (["PF", "FP"], ["PP", "PP"], ["FF"], ["PP", "PF"])]
    assert informative(given).tolist() == [True, False, False, True]
    assert informative(given, least_rank=1).tolist() == [True, True, False, True]
    assert informative([]).shape == (0,)
