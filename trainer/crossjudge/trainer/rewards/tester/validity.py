"""V: whether a test agrees with what is held to be right."""

import numpy as np

from crossjudge.trainer.rewards.errors import BadGroup
from crossjudge.trainer.rewards.group import Floats, Group

WAYS = ("solutions", "tests", "proxy")


def validity(group: Group, way: str) -> Floats:
    """(M,), 1 or 0, NaN where it is not known: nothing was chosen, or no cell that would tell was judged.

    - `solutions`: every chosen solution that was judged on the test passes it.
    - `tests`: the selector chose the test.
    - `proxy`: the proxy passes it, as ZeroCoder has it. Raises `BadGroup` for a group without one.
    """
    if way == "proxy" and group.proxy is None:
        raise BadGroup("validity by `proxy` needs a proxy, and the group has none")
    if not group.has_consensus:
        return np.full(group.shape[1], np.nan)
    if way == "tests":
        return np.where(group.judged.any(axis=0), group.chosen_tests, np.nan)
    if way == "proxy":
        return np.where(group.judged[group.proxy], group.passed[group.proxy], np.nan)
    told = group.judged & group.chosen_solutions[:, None]  # (N, M)
    return np.where(told.any(axis=0), (group.passed | ~told).all(axis=0), np.nan)
