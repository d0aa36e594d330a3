"""Kill matrices and what follows from them; `tests/integration` has the same through the verifier."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.client import Grid
from crossjudge.contracts import ProblemResult, SolutionReport, SourceStatus, TestReport
from crossjudge.trainer.mutation import Kills, kills_of


def grid_of(*rows: str, outputs: list[list[str | None]] | None = None, broken: tuple[int, ...] = ()) -> Grid:
    """A grid as the service would have answered; the first row is the proxy's."""
    statuses = [SourceStatus.LOAD_ERROR if index in broken else SourceStatus.OK for index in range(len(rows))]
    return Grid(
        ProblemResult(
            id="x",
            matrix=list(rows),
            solutions=[SolutionReport(status=status) for status in statuses],
            tests=[TestReport(status=SourceStatus.OK)] * len(rows[0]),
            outputs=outputs,
        )
    )


def shown(kills: Kills) -> list[str]:
    return ["".join("k" if cell else "." for cell in row) for row in kills.killed]


def test_a_test_kills_a_mutant_that_fails_it_in_any_way() -> None:
    kills = kills_of(grid_of("PPPPPP", "PFETMC"))
    assert shown(kills) == [".kkkkk"]
    assert kills.kill_rates.tolist() == [0, 1, 1, 1, 1, 1]


def test_what_the_proxy_fails_says_nothing() -> None:
    kills = kills_of(grid_of("PFT", "FFP", "PPP"))
    assert shown(kills) == ["k..", "..."]
    assert kills.live.tolist() == [True, False]
    np.testing.assert_array_equal(kills.kill_rates, [1, np.nan, np.nan])


def test_what_was_not_judged_is_masked_and_never_counts_as_survival() -> None:
    kills = kills_of(grid_of("PPXP", "XFFF", "FXFP", "FSPS"))
    assert shown(kills) == [".k.k", "k...", "k..."]
    np.testing.assert_array_equal(kills.kill_rates, [1, 1, np.nan, 0.5])
    assert np.isnan(kills.score([2]))
    assert kills.score([3]) == 0.5  # the last mutant was not judged on it
    assert kills.score([0]) == 1
    assert kills.score() == 1


def test_a_mutant_that_only_gives_back_something_else_is_live_and_survives() -> None:
    outputs: list[list[str | None]] = [["a", "b"], ["a", "c"], ["a", "b"], ["a", None]]
    kills = kills_of(grid_of("PP", "PP", "PP", "PP", outputs=outputs))
    assert kills.live.tolist() == [True, False, False]
    assert kills.kill_rates.tolist() == [0, 0]
    assert kills.score() == 0


def test_a_mutant_that_does_not_load_is_none() -> None:
    kills = kills_of(grid_of("PP", "EE", "PF", broken=(1,)))
    assert kills.live.tolist() == [False, True]
    assert kills.kill_rates.tolist() == [0, 1]


def test_without_live_mutants_nothing_is_known() -> None:
    for kills in (kills_of(grid_of("PP", "PP")), kills_of(grid_of("PP"))):
        assert np.isnan(kills.kill_rates).tolist() == [True, True]
        assert np.isnan(kills.score())


@given(st.integers(1, 5).flatmap(lambda width: st.lists(st.text("PF", min_size=width, max_size=width), min_size=1)))
def test_more_tests_never_kill_less(rows: list[str]) -> None:
    kills = kills_of(grid_of(*rows))
    scores = [kills.score(range(count)) for count in range(len(rows[0]) + 1)]
    if kills.live.any():
        assert scores == sorted(scores)
        assert scores[0] == 0 and scores[-1] == 1  # without outputs, what is live was killed
        known = kills.kill_rates[~np.isnan(kills.kill_rates)]
        assert max(scores) >= known.max() >= known.min() >= 0
    else:
        assert np.isnan(scores).all()


def test_the_score_of_a_set_counts_each_mutant_once() -> None:
    kills = kills_of(grid_of("PPP", "FFP", "PFP", "PPF"))
    assert kills.score([0]) == kills.score(np.array([True, False, False])) == 1 / 3
    assert kills.score([0, 1]) == 2 / 3
    assert kills.score() == 1
    assert kills.score([]) == 0
