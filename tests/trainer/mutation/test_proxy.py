"""The choice of a proxy."""

import pytest

from crossjudge.trainer.mutation import proxy_of

SOLUTIONS = ["short", "a longer one", "brief", "long enough"]


@pytest.mark.parametrize(("way", "expected"), [("shortest", 2), ("likeliest", 3), ("first", 1)])
def test_a_proxy_is_one_of_the_chosen(way: str, expected: int) -> None:
    assert proxy_of(SOLUTIONS, [False, True, True, True], way, log_probs=[-0.1, -3, -2, -1]) == expected


def test_a_random_proxy_is_the_seed_s() -> None:
    drawn = [proxy_of(SOLUTIONS, [0, 1, 1, 1], "random", seed=seed) for seed in range(20)]
    assert set(drawn) == {1, 2, 3}
    assert drawn == [proxy_of(SOLUTIONS, [0, 1, 1, 1], "random", seed=seed) for seed in range(20)]


def test_at_a_tie_it_is_the_first_and_of_none_there_is_none() -> None:
    assert proxy_of(SOLUTIONS, [True, False, True, False]) == 0
    assert proxy_of(SOLUTIONS, [False] * 4) is None
    assert proxy_of([], []) is None


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        proxy_of(SOLUTIONS, [True])
    with pytest.raises(ValueError, match="log_probs"):
        proxy_of(SOLUTIONS, [True] * 4, "likeliest")
    with pytest.raises(ValueError, match="shortest, likeliest, first, random one, not 'best'"):
        proxy_of(SOLUTIONS, [True] * 4, "best")
