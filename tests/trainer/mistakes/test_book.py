"""The Mistake Book's laws."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.mistakes import BadBook, Bounds, Change, MistakeBook, Outcome, read_book

ROOMY = Bounds(tests_per_problem=1000, tests=10_000, characters=100)
TIGHT = Bounds(tests_per_problem=3, tests=5, characters=4)

names = st.sampled_from(["one", "two", "three"])
tests = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "too long"]), max_size=6)
steps = st.lists(st.lists(st.builds(Outcome, names, tests, tests), max_size=3), max_size=6)


def book_after(history: list[list[Outcome]], bounds: Bounds) -> MistakeBook:
    book = MistakeBook(bounds)
    for number, outcomes in enumerate(history, 1):
        book.update(outcomes, number)
    return book


def pages(book: MistakeBook) -> dict[str, dict[str, int]]:
    return {name: {each.test: each.frequency for each in book.top(name)} for name in book.problems}


@given(steps)
def test_a_frequency_goes_down_with_each_solution_that_passes_and_then_up_with_each_that_fails(
    history: list[list[Outcome]],
) -> None:
    counts: dict[str, Counter[str]] = {}
    for outcome in (each for outcomes in history for each in outcomes):
        page = counts.setdefault(outcome.problem, Counter())
        page.subtract(text for text in outcome.solved if text in page)
        page = counts[outcome.problem] = +page  # a Counter without what is not above zero
        page.update(outcome.failed)
    assert pages(book_after(history, ROOMY)) == {name: dict(page) for name, page in counts.items() if page}


@given(steps)
def test_a_book_stays_in_its_bounds(history: list[list[Outcome]]) -> None:
    book = book_after(history, TIGHT)
    assert len(book) == sum(map(len, pages(book).values())) <= 5
    assert all(1 <= len(page) <= 3 for page in pages(book).values())
    assert "too long" not in {text for page in pages(book).values() for text in page}


@given(steps, steps)
def test_a_book_that_was_saved_and_read_goes_on_as_it_would_have(
    before: list[list[Outcome]], after: list[list[Outcome]]
) -> None:
    book = book_after(before, TIGHT)
    again = MistakeBook(TIGHT)
    again.load_state_dict(json.loads(book.to_json()))
    assert again.to_json() == book.to_json()
    for number, outcomes in enumerate(after, 100):
        assert again.update(outcomes, number) == book.update(outcomes, number)
    assert again.to_json() == book.to_json()


@given(steps)
def test_what_changes_adds_up(history: list[list[Outcome]]) -> None:
    book = MistakeBook(TIGHT)
    for number, outcomes in enumerate(history, 1):
        before, change = len(book), book.update(outcomes, number)
        assert len(book) == before + change.inserted - change.solved - change.dropped


def test_the_most_frequent_come_first_and_of_equals_the_oldest() -> None:
    book = book_after([[Outcome("p", failed=["a", "b", "c", "c"])], [Outcome("p", ["c"], ["d", "b"])]], ROOMY)
    assert [(each.test, each.frequency, each.step) for each in book.top("p")] == [
        ("b", 2, 1), ("a", 1, 1), ("c", 1, 1), ("d", 1, 2),
    ]  # fmt: skip
    assert [each.test for each in book.top("p", 2)] == ["b", "a"]
    assert book.top("another") == []


def test_the_least_frequent_give_way_and_of_equals_the_oldest() -> None:
    book = MistakeBook(Bounds(tests_per_problem=2))
    assert book.update([Outcome("p", failed=["a", "b", "b"])], 1) == Change(2, 0, 0)
    assert book.update([Outcome("p", failed=["c"])], 2) == Change(1, 0, 1)
    assert pages(book) == {"p": {"b": 2, "c": 1}}


def test_a_larger_book_is_cut_when_it_is_read() -> None:
    book = MistakeBook(Bounds(tests_per_problem=1, tests=1))
    larger = book_after([[Outcome("p", failed=["a", "b", "b"]), Outcome("q", failed=["a"])]], ROOMY)
    book.load_state_dict(larger.state_dict())
    assert pages(book) == {"p": {"b": 2}}


def test_text_that_is_no_unicode_is_not_written_down() -> None:
    assert len(book_after([[Outcome("p", failed=["\ud800", "ü"])]], ROOMY)) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is no JSON"),
        ("[]", "no Mistake Book of version 1"),
        ('{"version": 2, "problems": {}}', "version: input should be less"),
        ('{"version": 1, "problems": {"p": [["a", 0, 1]]}}', r"problems\.p\.0\.1: input should be greater"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "mistakes.json"
    file.write_text(text)
    with pytest.raises(BadBook, match=rf"mistakes\.json.*{complaint}"):
        read_book(file)
    with pytest.raises(BadBook, match=r"cannot read .*none\.json"):
        read_book(tmp_path / "none.json")
