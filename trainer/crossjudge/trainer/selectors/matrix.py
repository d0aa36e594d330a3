"""A passing matrix as selectors see it: arrays, with what is known of each solution and test. No HTTP, no files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crossjudge.contracts import Verdict

from .errors import BadMatrix

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PASSED, _FAILED = ord(Verdict.PASSED.value), ord(Verdict.FAILED.value)
_LETTERS = "".join(verdict.value for verdict in Verdict)
_KNOWN = np.zeros(256, dtype=np.bool_)
_KNOWN[[ord(letter) for letter in _LETTERS]] = True
_SCORED = np.zeros(256, dtype=np.bool_)
_SCORED[[ord(verdict.value) for verdict in Verdict if verdict.is_scored]] = True

NO_OUTPUT = -1


@dataclass(frozen=True, eq=False)
class PassingMatrix:
    """N solutions × M tests of one problem.

    `of` makes one from letters and checks it. N and M may be 0. Arrays are not to be written to.
    """

    letters: NDArray[np.uint8] = field(repr=False)
    """(N, M), the verdicts' letters as bytes."""
    id: str = ""
    solution_copies: Ints = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    """(N,), how often the model wrote each solution; at least 1."""
    test_copies: Ints = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    """(M,), the same of each test."""
    sound_tests: Bools = field(default_factory=lambda: np.zeros(0, np.bool_), repr=False)
    """(M,), False for a test that is broken by itself (does not compile) or vacuous (never used a solution)."""
    outputs: Ints | None = field(default=None, repr=False)
    """(N, M), equal numbers where two solutions gave back the same in a column; `NO_OUTPUT` where nothing came back."""
    log_probs: Floats | None = field(default=None, repr=False)
    """(N,), mean log-probability of a token of each solution under the model that wrote it, in nats."""

    @staticmethod
    def of(
        rows: Sequence[str],
        *,
        id: str = "",
        tests: int | None = None,
        solution_copies: ArrayLike | None = None,
        test_copies: ArrayLike | None = None,
        sound_tests: ArrayLike | None = None,
        outputs: Sequence[Sequence[str | None]] | None = None,
        log_probs: ArrayLike | None = None,
    ) -> "PassingMatrix":
        """From one string a solution, one letter a test. `tests` is their number where there are no rows.

        Raises `BadMatrix` for rows of different lengths, letters that are no verdict, and whatever has another shape
        than the rows.
        """
        letters = _letters(rows, id, tests)
        height, width = letters.shape
        return PassingMatrix(
            letters,
            id,
            _copies(solution_copies, height, "solution_copies", id),
            _copies(test_copies, width, "test_copies", id),
            _flags(sound_tests, width, id),
            None if outputs is None else _digests(outputs, (height, width), id),
            _log_probs(log_probs, height, id),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(N, M)"""
        height, width = self.letters.shape
        return height, width

    @cached_property
    def passed(self) -> Bools:
        """(N, M), True where the test passed."""
        return np.asarray(self.letters == _PASSED)

    @cached_property
    def judged(self) -> Bools:
        """(N, M), False where there is no verdict on the program (S and X): such cells count nowhere."""
        return _SCORED[self.letters]

    @cached_property
    def broke(self) -> Bools:
        """(N, M), True where the cell neither passed nor failed a check: an exception, a limit, a crash."""
        return np.asarray(self.judged & ~self.passed & (self.letters != _FAILED))

    def take(self, solutions: NDArray[Any], tests: NDArray[Any]) -> "PassingMatrix":
        """The part of some solutions and tests, in the order given (indices or masks)."""
        return PassingMatrix(
            self.letters[solutions][:, tests],
            self.id,
            self.solution_copies[solutions],
            self.test_copies[tests],
            self.sound_tests[tests],
            None if self.outputs is None else self.outputs[solutions][:, tests],
            None if self.log_probs is None else self.log_probs[solutions],
        )


def _letters(rows: Sequence[str], id: str, tests: int | None) -> NDArray[np.uint8]:
    width = (len(rows[0]) if rows else 0) if tests is None else tests
    for number, row in enumerate(rows):
        if not isinstance(row, str):
            raise BadMatrix(f"row {number} of the matrix is no string of letters: {row!r:.60}", id)
        if len(row) != width:
            raise BadMatrix(f"the matrix is ragged: row {number} has {len(row)} letters where {width} are due", id)
    try:
        flat = np.frombuffer("".join(rows).encode("ascii"), np.uint8)
    except UnicodeEncodeError:
        flat = np.zeros(1, np.uint8)  # no letter of ours is 0
    if not _KNOWN[flat].all():
        number, row = next((n, row) for n, row in enumerate(rows) if set(row) - set(_LETTERS))
        wrong = next(letter for letter in row if letter not in _LETTERS)
        raise BadMatrix(f"row {number} has {wrong!r}, which is no verdict; they are {', '.join(_LETTERS)}", id)
    return flat.reshape(len(rows), width)


def _copies(given: ArrayLike | None, size: int, name: str, id: str) -> Ints:
    if given is None:
        return np.ones(size, np.int64)
    array = _vector(given, size, name, id)
    if not np.all((array >= 1) & (array == np.floor(array)) & np.isfinite(array)):
        raise BadMatrix(f"{name} must be whole numbers of at least 1, not {_first_wrong(array, 1)}", id)
    return array.astype(np.int64)


def _first_wrong(array: Floats, least: float) -> float:
    wrong = array[~((array >= least) & (array == np.floor(array)) & np.isfinite(array))]
    return float(wrong[0])


def _flags(given: ArrayLike | None, size: int, id: str) -> Bools:
    if given is None:
        return np.ones(size, np.bool_)
    return _vector(given, size, "sound_tests", id).astype(np.bool_)


def _log_probs(given: ArrayLike | None, size: int, id: str) -> Floats | None:
    if given is None:
        return None
    array = _vector(given, size, "log_probs", id)
    if not np.all(array <= 0):
        raise BadMatrix("log_probs must be mean log-probabilities in nats, none above 0", id)
    return array


def _vector(given: ArrayLike, size: int, name: str, id: str) -> Floats:
    try:
        array = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise BadMatrix(f"{name} must be a list of {size} numbers", id) from None
    if array.shape != (size,):
        raise BadMatrix(f"{name} has the shape {array.shape} where ({size},) is due", id)
    return array


def _digests(given: Sequence[Sequence[str | None]], shape: tuple[int, int], id: str) -> Ints:
    """Digests as numbers, the same number for the same text."""
    height, width = shape
    if len(given) != height or any(len(row) != width for row in given):
        raise BadMatrix(f"outputs must be {height} lists of {width} digests each, like the matrix", id)
    numbers: dict[str | None, int] = {None: NO_OUTPUT}
    flat = [numbers.setdefault(digest, len(numbers) - 1) for row in given for digest in row]
    return np.array(flat, np.int64).reshape(shape)
