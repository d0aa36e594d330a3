"""Texts that say nearly the same."""

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.recipes.ucoder.near_duplicates import NearDuplicates, entropy, shingles_of

texts = st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join)


def jaccard(one: str, other: str) -> float:
    first, second = shingles_of(one), shingles_of(other)
    return len(first & second) / len(first | second)


@given(st.lists(texts, max_size=12), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_a_text_is_taken_unless_it_is_like_one_that_was(some: list[str], similarity: float) -> None:
    """By the definition, pair by pair."""
    known = NearDuplicates(similarity)
    taken: list[str] = []
    for text in some:
        is_new = all(jaccard(text, other) < similarity - 1e-12 for other in taken)
        assert known.take(text) == is_new
        taken += [text] if is_new else []


def test_layout_and_case_are_no_difference() -> None:
    known = NearDuplicates(1.0)
    assert known.take("Return the sum of xs.")
    assert not known.take("return  the\nsum of XS .")
    assert known.take("return the sum of ys.")


@given(st.lists(st.integers(0, 3)))
def test_entropy_is_between_nothing_and_all_alike(items: list[int]) -> None:
    assert 0 <= entropy(items) <= log2(max(1, len(set(items)))) + 1e-9


def test_entropy_of_four_equally_frequent_words_is_two_bits() -> None:
    assert entropy("abcd" * 3) == pytest.approx(2)
