"""pass@k against what it is defined as: the share of all subsets of size k that hold a right sample."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.pass_at_k import mean_pass_at_k, pass_at_k


@st.composite
def counts(draw: st.DrawFn, most: int) -> tuple[int, int, int]:
    n = draw(st.integers(1, most))
    return n, draw(st.integers(0, n)), draw(st.integers(1, n))


@given(counts(most=9))
def test_it_is_the_share_of_all_subsets_that_hold_a_right_sample(case: tuple[int, int, int]) -> None:
    n, c, k = case
    subsets = list(combinations(range(n), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(min(each) < c for each in subsets) / len(subsets))


@given(counts(most=10_000))
def test_it_is_a_probability_that_rises_with_more_right_samples(case: tuple[int, int, int]) -> None:
    n, c, k = case
    assert 0.0 <= pass_at_k(n, c, k) <= 1.0
    assert c == 0 or pass_at_k(n, c - 1, k) <= pass_at_k(n, c, k)
    assert pass_at_k(n, c, 1) == pytest.approx(c / n)


@given(counts(most=1_000))
def test_it_never_falls_with_k(case: tuple[int, int, int]) -> None:
    n, c, k = case
    assert k == 1 or pass_at_k(n, c, k - 1) <= pass_at_k(n, c, k)


def test_the_mean_is_over_problems() -> None:
    assert mean_pass_at_k([(4, 0), (4, 4), (2, 1)], 1) == 0.5


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, 0), (0, 0, 1)])
def test_what_cannot_be_estimated_is_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match=r"right samples of|draw at least"):
        pass_at_k(n, c, k)


def test_no_problems_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no problems"):
        mean_pass_at_k([], 1)
