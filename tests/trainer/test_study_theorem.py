"""UCoder's bound on the largest cluster, held against draws."""

import json
from dataclasses import replace
from itertools import product
from math import comb
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossjudge.trainer.study.command import study
from crossjudge.trainer.study.theorem import COPYING, Crowd, bound, hold

crowds = st.builds(
    Crowd, right=st.floats(0.05, 0.6), passing=st.floats(0.3, 0.9), copying=st.just(0.0), solutions=st.integers(4, 60)
)


@given(crowds)
@settings(max_examples=15, deadline=None)
def test_independent_solutions_are_right_at_least_as_often_as_is_promised(crowd: Crowd) -> None:
    found = hold(crowd, 400, seed=0, sizes=(4, 16, 48))
    for share, error, promised in zip(found.shares, found.errors, found.bounds, strict=True):
        assert share >= promised - 2 * error - 0.01


@given(crowds, st.integers(1, 100))
def test_more_tests_promise_more(crowd: Crowd, tests: int) -> None:
    assert 0 <= bound(crowd, tests) <= bound(crowd, tests + 1) + 1e-9 <= 1 + 2e-9


def test_the_bound_is_the_papers() -> None:
    """n = 10, q = ½, p = ½, 10 tests: n·p^|T| is below 1, so that two right ones are enough."""
    fewer = (comb(10, 0) + comb(10, 1)) / 2**10
    assert bound(Crowd(0.5, 0.5, 0.0, 10), 10) == pytest.approx(1 - fewer - 100 / 2**10)


def test_the_largest_cluster_of_three_solutions_can_be_counted() -> None:
    """One test that a wrong solution passes with ½: of each case the share of right ones among the largest clusters."""
    shares = []
    for right in product((True, False), repeat=3):
        for luck in product((True, False), repeat=3):
            passes = [a or b for a, b in zip(right, luck, strict=True)]
            most = max(map(passes.count, passes))
            largest = [a for a, b in zip(right, passes, strict=True) if passes.count(b) == most]
            shares.append(sum(largest) / len(largest))
    found = hold(Crowd(0.5, 0.5, 0.0, 3), 20_000, seed=3, sizes=(1,))
    assert found.shares[0] == pytest.approx(sum(shares) / len(shares), abs=0.01)


def test_wrong_solutions_that_copy_break_the_promise() -> None:
    found = hold(replace(COPYING[-1], solutions=64), 400, seed=0)
    assert found.bounds[-1] > 0.99
    assert found.shares[-1] < 0.1


def test_it_is_a_part_of_the_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="the study draws with matplotlib")
    study("theorem", None, None, tmp_path, None, 50, 0, False, True, True)
    [found] = [json.loads(capsys.readouterr().out)["theorem"]]
    assert found == json.loads((tmp_path / "theorem.json").read_text())
    assert {path.name for path in tmp_path.iterdir()} == {"theorem.json", "theorem.md", "theorem-bound.png"}
    assert "| drawn, right: 0.2 |" in (tmp_path / "theorem.md").read_text()
