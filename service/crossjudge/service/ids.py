"""Batch ids: `b_` and a ULID, so that ids sort by the time at which they were made. Knows nothing of Redis."""

import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_LENGTH = 26
_RANDOM_BITS = 80


def new_batch_id(now: float | None = None) -> str:
    """A new id; `now` is the Unix time in seconds that stands in it, to the millisecond."""
    milliseconds = int((time.time() if now is None else now) * 1000)
    number = (milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    return "b_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range((_LENGTH - 1) * 5, -1, -5))


def is_batch_id(text: str) -> bool:
    """Whether `new_batch_id` could have made this text."""
    return len(text) == 2 + _LENGTH and text.startswith("b_") and all(letter in _ALPHABET for letter in text[2:])


def created_at(batch: str) -> float:
    """The Unix time in seconds that stands in an id."""
    number = 0
    for letter in batch[2:]:
        number = number * 32 + _ALPHABET.index(letter)
    return (number >> _RANDOM_BITS) / 1000
