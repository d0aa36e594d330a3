"""Whether what a program gave back equals what a test expects. Runs in the supervisor, on plain data only."""

import math
import re
from typing import Any

# Each part can match in one way only: the text is a program's, and backtracking would be our time.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|[+-]?(?:inf|nan)", re.IGNORECASE)
_LONGEST_NUMBER = 400
FLOAT_TOLERANCE = 1e-6  # of `compare: float`, relative or absolute, as judges of programming contests have it


def values_equal(expected: Any, given: Any, tolerance: float | None) -> bool:
    """Whether `given` (tagged as in `values.encode`) equals `expected` (plain JSON).

    Numbers compare by value, whatever their type, within `tolerance` where one is set; two NaNs are equal. Keys of a
    dict compare as JSON writes them.
    """
    if isinstance(given, list):
        return _tagged_equal(expected, given, tolerance)
    if isinstance(expected, (int, float)) and isinstance(given, (int, float)):
        return _numbers_equal(expected, given, tolerance)
    return type(expected) is type(given) and bool(expected == given)


def _tagged_equal(expected: Any, given: list[Any], tolerance: float | None) -> bool:
    tag, body = given
    if tag == "l":
        return (
            isinstance(expected, list)
            and len(expected) == len(body)
            and all(values_equal(want, got, tolerance) for want, got in zip(expected, body, strict=True))
        )
    if tag == "d":
        if not isinstance(expected, dict) or len(expected) != len(body):
            return False
        got = {_json_key(key): item for key, item in body}
        return got.keys() == expected.keys() and all(
            values_equal(want, got[key], tolerance) for key, want in expected.items()
        )
    if tag in ("f", "i") and isinstance(expected, (int, float)):
        return _numbers_equal(expected, float(body) if tag == "f" else int(body, 16), tolerance)
    return False


def _json_key(key: Any) -> Any:
    """A dict's key as JSON writes it; None-like marker where JSON has no way to."""
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int):
        return str(key)
    return key[1] if key[0] == "f" else object()


def _numbers_equal(expected: float, given: float, tolerance: float | None) -> bool:
    if expected == given or (expected != expected and given != given):
        return True
    if tolerance is None:
        return False
    try:
        return abs(expected - given) <= tolerance
    except OverflowError:  # an integer past the range of floats against a float
        return False


def output_equal(expected: str, given: str, how: str) -> bool:
    """Whether a program's output equals the expected one, compared as `lines`, `tokens`, `exact` or `float`."""
    if how == "exact":
        return expected == given
    if how == "lines":
        return lines_of(expected) == lines_of(given)
    wanted, got = expected.split(), given.split()
    if how == "tokens":
        return wanted == got
    return len(wanted) == len(got) and all(map(_tokens_close, wanted, got))


def lines_of(text: str) -> list[str]:
    """The lines of an output with trailing white space ignored, at each line's end and at the output's end."""
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _tokens_close(wanted: str, got: str) -> bool:
    if wanted == got:
        return True
    if max(len(wanted), len(got)) > _LONGEST_NUMBER or not (_NUMBER.fullmatch(wanted) and _NUMBER.fullmatch(got)):
        return False
    one, other = float(wanted), float(got)
    if math.isinf(one) or math.isinf(other):  # by name, or too large for a float: then only the same text is the same
        return "inf" in wanted.lower() and "inf" in got.lower() and one == other
    return math.isclose(one, other, rel_tol=FLOAT_TOLERANCE, abs_tol=FLOAT_TOLERANCE) or (one != one and other != other)
