"""The book itself (Code-A1, 2603.15611). Knows nothing of models, judges or rewards.

A test that a solution failed is written down with frequency 1, or its frequency goes up by one; each solution that
passes it when it is replayed takes one off, and at 0 it is struck out. The most frequent ones are replayed. The
authors' code keeps everything; here a book has bounds, and the least frequent tests, of these the oldest, give way.
"""

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossjudge.contracts import load_json

from .errors import BadBook

FILE = "mistakes.json"
VERSION = 1


class Bounds(BaseModel):
    """How large a book may become. A test that is too long is not written down."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tests_per_problem: int = Field(64, ge=1)
    tests: int = Field(100_000, ge=1, description="of all problems together")
    characters: int = Field(4_000, ge=1, description="of one test")


@dataclass(frozen=True)
class Mistake:
    """A test in the book: its text, how much oftener it was failed than passed since, and the step it came in."""

    test: str
    frequency: int
    step: int


@dataclass(frozen=True)
class Outcome:
    """What the solutions of a problem made of tests in one step. A test stands there once for each solution."""

    problem: str
    solved: Sequence[str] = ()
    """Replayed tests that a solution passed."""
    failed: Sequence[str] = ()
    """New tests that a solution failed."""


@dataclass(frozen=True)
class Change:
    """What an update did: how many tests came in, were struck out as solved, and gave way to the bounds."""

    inserted: int
    solved: int
    dropped: int


Page = dict[str, Mistake]


class MistakeBook:
    """Tests by problem. The same updates in the same order give the same book; one that was saved and read goes on as
    it would have."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.bounds = bounds or Bounds()
        self._pages: dict[str, Page] = {}
        """By problem; a page is by text, in the order in which tests came in. There are no empty ones."""

    def __len__(self) -> int:
        """How many tests there are."""
        return sum(map(len, self._pages.values()))

    @property
    def problems(self) -> list[str]:
        """The problems that have a test in the book, in the order in which they got one."""
        return list(self._pages)

    def top(self, problem: str, count: int | None = None) -> list[Mistake]:
        """A problem's most frequent tests, `count` at most; of equally frequent ones the older come first."""
        page = self._pages.get(problem, {})
        return sorted(page.values(), key=lambda mistake: -mistake.frequency)[:count]

    def update(self, outcomes: Iterable[Outcome], step: int) -> Change:
        """Write down one step. In each problem first those lose that were solved, then those gain that failed.

        Left aside: a solved test that is not in the book, and a failed one that is too long or no valid Unicode.
        """
        inserted = solved = dropped = 0
        for outcome in outcomes:
            page = self._pages.setdefault(outcome.problem, {})
            solved += _take_off(page, outcome.solved)
            inserted += _add(page, [text for text in outcome.failed if self._fits(text)], step)
            dropped += self._shorten([outcome.problem], self.bounds.tests_per_problem)
        dropped += self._shorten(self.problems, self.bounds.tests)
        self._pages = {problem: page for problem, page in self._pages.items() if page}
        return Change(inserted, solved, dropped)

    def state_dict(self) -> dict[str, object]:
        """Everything but the bounds, as JSON values."""
        pages = {
            problem: [[mistake.test, mistake.frequency, mistake.step] for mistake in page.values()]
            for problem, page in self._pages.items()
        }
        return {"version": VERSION, "problems": pages}

    def load_state_dict(self, state: object) -> None:
        """Take what was saved, cut to this book's bounds. Raises `BadBook` for what is no state of a book."""
        try:
            pages = _State.model_validate(state).problems
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "all of it"
            raise BadBook(f"no Mistake Book of version {VERSION}: {where}: {first['msg'].lower()}") from error
        self._pages = {problem: {entry[0]: Mistake(*entry) for entry in page} for problem, page in pages.items()}
        for problem in self.problems:
            self._shorten([problem], self.bounds.tests_per_problem)
        self._shorten(self.problems, self.bounds.tests)
        self._pages = {problem: page for problem, page in self._pages.items() if page}

    def to_json(self) -> str:
        """The state as text."""
        return json.dumps(self.state_dict()) + "\n"

    def _fits(self, text: str) -> bool:
        return len(text) <= self.bounds.characters and text == text.encode(errors="ignore").decode()

    def _shorten(self, problems: Sequence[str], limit: int) -> int:
        """Strike out the least frequent tests of these problems, of equally frequent ones the oldest."""
        excess = sum(len(self._pages[problem]) for problem in problems) - limit
        if excess <= 0:
            return 0
        there = ((problem, mistake) for problem in problems for mistake in self._pages[problem].values())
        for problem, mistake in heapq.nsmallest(excess, there, key=lambda each: (each[1].frequency, each[1].step)):
            del self._pages[problem][mistake.test]
        return excess


def _take_off(page: Page, solved: Iterable[str]) -> int:
    """One for each time that a test was solved; returns how many were struck out."""
    before = len(page)
    for text, times in Counter(solved).items():
        if (mistake := page.get(text)) is None:
            continue
        if mistake.frequency > times:
            page[text] = replace(mistake, frequency=mistake.frequency - times)
        else:
            del page[text]
    return before - len(page)


def _add(page: Page, failed: Iterable[str], step: int) -> int:
    """One for each time that a test was failed; returns how many came in."""
    before = len(page)
    for text, times in Counter(failed).items():
        old = page.get(text, Mistake(text, 0, step))
        page[text] = replace(old, frequency=old.frequency + times)
    return len(page) - before


class _State(BaseModel):
    """What a saved book must look like."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(strict=True, ge=VERSION, le=VERSION)]
    problems: dict[str, list[tuple[str, Annotated[int, Field(strict=True, ge=1)], Annotated[int, Field(strict=True)]]]]


def read_book(path: Path, bounds: Bounds | None = None) -> MistakeBook:
    """The book in a file. Raises `BadBook`, with the file's name, where there is none that can be read."""
    book = MistakeBook(bounds)
    try:
        book.load_state_dict(load_json(path.read_bytes()))
    except OSError as error:
        raise BadBook(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise BadBook(f"{path} is no JSON: {error}") from error
    except BadBook as error:
        raise BadBook(f"{path}: {error.detail}") from error
    return book
