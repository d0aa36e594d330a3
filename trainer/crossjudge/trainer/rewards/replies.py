"""From rewards of tests to rewards of the replies that they were cut from."""

from collections.abc import Sequence

import numpy as np

from .errors import BadGroup
from .group import Floats


def of_replies(values: Floats, owners: Sequence[int], replies: int, *, empty: float = 0.0) -> Floats:
    """(R,), the mean reward of each reply's tests; `owners[j]` is the reply that test j was cut from.

    A reply without any test gets `empty`. Tests without a reward (NaN) are left out of the mean; a reply of which none
    is left has no reward either.

    Raises `BadGroup` for owners that are not one for each test, or no reply.
    """
    owner = np.asarray(owners, np.int64)
    if owner.shape != values.shape or ((owner < 0) | (owner >= replies)).any():
        raise BadGroup(f"owners must say for each of {values.size} tests which of the {replies} replies it is from")
    known = ~np.isnan(values)
    sums = np.bincount(owner[known], weights=values[known], minlength=replies)
    counts = np.bincount(owner[known], minlength=replies)
    has_tests = np.bincount(owner, minlength=replies) > 0
    with np.errstate(invalid="ignore"):
        return np.where(has_tests, sums / counts, empty)
