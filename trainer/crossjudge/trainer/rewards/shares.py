"""Shares of what is known."""

import numpy as np

from .group import Bools, Floats


def share(part: Bools, of: Bools, axis: int) -> Floats:
    """How much of `of` is in `part` too, along an axis; NaN where `of` is empty."""
    whole = of.sum(axis=axis)
    with np.errstate(invalid="ignore"):
        return np.asarray((part & of).sum(axis=axis) / whole, np.float64)
