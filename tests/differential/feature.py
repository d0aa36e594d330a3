"""One thing that programs do: a piece of a solution, and the ways in which tests use it."""

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """`solution` and each of `uses` are templates (see `holes`).

    A use is some lines of a test; where the last is an expression, its value is what the test checks. `is_plain` says
    that the solution's functions only take and return plain data.
    """

    solution: str
    uses: tuple[str, ...]
    is_plain: bool = False


def feature(solution: str, uses: str, *, is_plain: bool = False) -> Feature:
    """A feature from indented text; uses are parted by empty lines."""
    parts = textwrap.dedent(uses).strip().split("\n\n")
    return Feature(textwrap.dedent(solution).strip() + "\n", tuple(part.strip("\n") + "\n" for part in parts), is_plain)
