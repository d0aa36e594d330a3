"""Ranks, as scipy.stats has them: that module takes longer to import than all else that a selector needs together."""

import numpy as np

from .matrix import Floats


def mean_ranks(values: Floats) -> Floats:
    """The rank of each value along the first axis, 1 for the smallest, equal ones sharing their mean; NaN has none."""
    if values.ndim > 1:
        return np.stack([mean_ranks(column) for column in values.T], axis=1) if values.shape[1] else values
    known = np.sort(values[~np.isnan(values)])
    below, within = np.searchsorted(known, values, "left"), np.searchsorted(known, values, "right")
    return np.where(np.isnan(values), np.nan, (below + within + 1) / 2)
