"""Texts that say nearly the same, and how varied a text is. Knows no model and no file."""

import math
import re
from collections import Counter
from collections.abc import Iterable

_WORD = re.compile(r"\w+|[^\w\s]")
SHINGLE = 3
"""Words in a row that count as one piece."""

Shingles = frozenset[tuple[str, ...]]


def words_of(text: str) -> list[str]:
    """Words and signs, in lower case."""
    return _WORD.findall(text.lower())


def shingles_of(text: str) -> Shingles:
    """Every `SHINGLE` words in a row; all of them as one piece where they are fewer."""
    words = words_of(text)
    return frozenset(tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1)))


class NearDuplicates:
    """Texts taken so far. Two are near duplicates where the Jaccard index of their shingles is at least `similarity`.

    Exact, by an index from shingles to texts: tens of thousands of problems take seconds, millions would want hashing.
    """

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity
        self._sizes: list[int] = []
        self._with: dict[tuple[str, ...], list[int]] = {}

    def take(self, text: str) -> bool:
        """Whether the text is new; it counts as taken from then on. A near duplicate is not taken."""
        shingles = shingles_of(text)
        if self._is_known(shingles):
            return False
        for shingle in shingles:
            self._with.setdefault(shingle, []).append(len(self._sizes))
        self._sizes.append(len(shingles))
        return True

    def _is_known(self, shingles: Shingles) -> bool:
        shared = Counter(number for shingle in shingles for number in self._with.get(shingle, ()))
        size = len(shingles)
        return any(both >= self._similarity * (size + self._sizes[at] - both) for at, both in shared.items())


def entropy(items: Iterable[object]) -> float:
    """Shannon's, in bits, of how often each item occurs; 0 where there is none."""
    counts = Counter(items).values()
    total = sum(counts)
    return sum(count / total * math.log2(total / count) for count in counts)
