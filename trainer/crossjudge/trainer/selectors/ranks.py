"""Ranks of numbers. (scipy.stats has them too, at two seconds for its import and a fifth of a millisecond a call.)"""

import numpy as np

from .matrix import Floats


def average_ranks(values: Floats) -> Floats:
    """Ranks from 1 for the smallest, equal numbers sharing the mean of theirs. 1-D, or each column of 2-D by itself."""
    if values.ndim == 2:
        return np.stack([average_ranks(column) for column in values.T], axis=1) if values.size else values.copy()
    ordered = np.sort(values)
    return np.asarray((np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") + 1) / 2)
