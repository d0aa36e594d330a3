"""Checks of a reward's options."""

from collections.abc import Sequence

from .errors import BadOption


def one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raises `BadOption` unless the value is one of those allowed."""
    if value not in allowed:
        raise BadOption(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def between(name: str, value: float, least: float, most: float) -> None:
    """Raises `BadOption` unless least <= value <= most."""
    if not least <= value <= most:
        raise BadOption(f"{name} must lie between {least:g} and {most:g}, not be {value!r}")
