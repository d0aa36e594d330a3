"""D: how much of what is held to be wrong a test notices."""

import numpy as np

from crossjudge.trainer.rewards.errors import BadGroup
from crossjudge.trainer.rewards.group import Floats, Group
from crossjudge.trainer.rewards.shares import share

WAYS = ("solutions", "mutants")


def discrimination(group: Group, way: str) -> Floats:
    """(M,), in [0, 1]; NaN where there is nothing to tell apart.

    - `solutions`: the share of the solutions that were not chosen and were judged on the test which do not pass it.
      NaN where all were chosen, or none.
    - `mutants`: the test's kill rate over live mutants of the proxy. Raises `BadGroup` for a group without kill rates.
    """
    if way == "mutants":
        if group.kill_rates is None:
            raise BadGroup("discrimination by `mutants` needs kill_rates, and the group has none")
        return group.kill_rates
    if not group.has_consensus:
        return np.full(group.shape[1], np.nan)
    others = group.judged & ~group.chosen_solutions[:, None]  # (N, M)
    return share(~group.passed, others, axis=0)
