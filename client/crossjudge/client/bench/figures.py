"""The few statistics of the benchmark. Pure."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies, between two of them by linear interpolation."""
    if not values or not 0 <= share <= 1:
        raise ValueError(f"no quantile {share} of {len(values)} values")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    between = ordered[below] + (ordered[above] - ordered[below]) * (place - below)
    return min(max(between, ordered[below]), ordered[above])  # rounding may leave the two by a bit


def median(values: Sequence[float]) -> float:
    return quantile(values, 0.5)


def paired_ratio(values: Sequence[float], bases: Sequence[float]) -> float:
    """The median of each round's ratio: a machine whose speed drifts from round to round does not change it."""
    return median([value / base for value, base in zip(values, bases, strict=True)])


def latencies(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds, and of how many."""
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    return {name: round(1000 * quantile(seconds, share), 2) for name, share in shares.items()} | {"count": len(seconds)}


def rotated(items: Sequence[T], turn: int) -> list[T]:
    """The items in their order, from another one on in each turn: none is always first, or always after the same."""
    start = turn % len(items) if items else 0
    return [*items[start:], *items[:start]]
