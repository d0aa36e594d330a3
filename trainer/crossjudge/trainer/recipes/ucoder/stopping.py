"""When an iteration more would bring nothing."""

from collections.abc import Sequence


def has_stopped_rising(values: Sequence[float], patience: int, min_gain: float) -> bool:
    """Whether the last `patience` values are all no more than `min_gain` above the best before them."""
    best, since = float("-inf"), 0
    for value in values:
        is_better = value > best + min_gain
        best, since = max(best, value), 0 if is_better else since + 1
    return since >= patience
