"""Parts of a list."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def chunked(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """At most `size` of them each, in their order."""
    return [items[start : start + size] for start in range(0, len(items), size)]
