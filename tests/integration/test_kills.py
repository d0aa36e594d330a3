"""Mutants and their kills through the whole stack."""

import numpy as np
import pytest

from crossjudge.client import Client
from crossjudge.trainer.mutation import Kills, Suspects, judge_kills, mutants

PROXY = """
def clamp(x, low, high):
    if x < low:
        return low
    if x > high:
        return high
    return x
"""
NEVER_ENDS = "def clamp(x, low, high):\n    while True: pass\n"
EQUIVALENT = PROXY.replace("x < low", "x <= low")
BROKEN = "clamp = missing\n"
WRONG_BELOW = PROXY.replace("x < low", "x > low")
TESTS = [
    "assert clamp(5, 0, 9) == 5",
    "assert clamp(-1, 0, 9) == 0",
    "assert clamp(-1, 0, 9) == -1",
    "clamp(-1, 0, 9)",
    "assert 1 + 1 == 2",
]


def shown(kills: Kills) -> list[str]:
    return ["".join("k" if cell else "." for cell in row) for row in kills.killed]


@pytest.mark.nsjail
@pytest.mark.redis
def test_the_verifier_tells_mutants_apart(judge: Client) -> None:
    changed = [WRONG_BELOW, EQUIVALENT, BROKEN, NEVER_ENDS]
    none = Suspects(PROXY, ["a", "b"], [])
    kills, other, nothing = judge_kills(
        judge, [Suspects(PROXY, changed, TESTS, "clamp"), Suspects("def f(): pass", [], ["assert f() is None"]), none]
    )
    assert kills.proxy_passed.tolist() == [True, True, False, True, True]
    assert shown(kills) == ["kk...", ".....", "kk.kk", "kk.k."]
    assert kills.live.tolist() == [True, False, False, True]
    np.testing.assert_array_equal(kills.kill_rates, [1, 1, np.nan, 0.5, 0])
    assert kills.score([4]) == 0
    assert other.proxy_passed.tolist() == [True] and other.killed.shape == (0, 1)
    assert nothing.killed.shape == (2, 0) and np.isnan(nothing.score())


@pytest.mark.nsjail
@pytest.mark.redis
def test_good_tests_kill_more_mutants_of_a_real_program_than_poor_ones(judge: Client) -> None:
    changed = [mutant.source for mutant in mutants(PROXY, 20)]
    assert len(changed) > 8
    boundary = "assert [clamp(x, 2, 4) for x in range(7)] == [2, 2, 2, 3, 4, 4, 4]"
    poor = "assert clamp(3, 2, 4) == 3"
    (kills,) = judge_kills(judge, [Suspects(PROXY, changed, [boundary, poor], "clamp")])
    good_rate, poor_rate = kills.kill_rates
    assert kills.score() == good_rate > poor_rate > 0
    assert not kills.live.all()  # `x < low` and `x <= low` do the same
