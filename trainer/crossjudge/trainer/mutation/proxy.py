"""Which of the chosen solutions stands in for a correct one."""

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

WAYS = ("shortest", "likeliest", "first", "random")


def proxy_of(
    solutions: Sequence[str],
    chosen: ArrayLike,
    way: str = "shortest",
    *,
    log_probs: Sequence[float] | None = None,
    seed: int = 0,
) -> int | None:
    """The index of one chosen solution: the shortest, the one with the largest mean log-probability of a token, the
    first, or any, as `seed` has it. At a tie the first. None where none was chosen.

    Raises `ValueError` for an unknown way, a mask `chosen` of another length, and `likeliest` without `log_probs`.
    """
    mask = np.asarray(chosen, np.bool_)
    if mask.shape != (len(solutions),):
        raise ValueError(f"chosen has the shape {mask.shape} where ({len(solutions)},) is due")
    if way == "likeliest" and log_probs is None:
        raise ValueError("the likeliest solution is known by log_probs, and there are none")
    likeliness = log_probs or ()
    keys: Mapping[str, Callable[[int], float]] = {
        "shortest": lambda index: len(solutions[index]),
        "likeliest": lambda index: -likeliness[index],
        "first": float,
    }
    if way not in WAYS:
        raise ValueError(f"a proxy may be the {', '.join(WAYS)} one, not {way!r}")
    candidates = [int(index) for index in np.flatnonzero(mask)]
    if not candidates:
        return None
    return random.Random(seed).choice(candidates) if way == "random" else min(candidates, key=keys[way])
