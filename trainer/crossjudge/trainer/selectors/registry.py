"""Selectors by name."""

import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from crossjudge.trainer.plugins import is_dotted, part_at

from .b4 import B4, OutputB4
from .base import Selector
from .bounds import Oracle, Random
from .codet import CodeT, SoftCodeT
from .dawid_skene import DawidSkene
from .dyb4 import DyB4
from .errors import BadOption, UnknownSelector
from .gated_clusters import GatedClusters
from .jury import Jury
from .leave_one_out import LeaveOneOut
from .max_pass import MaxPass
from .mbr import MBR, OutputMajority
from .spectral import Spectral
from .ucoder import UCoder

SELECTORS: dict[str, type[Selector]] = {
    each.name: each
    for each in (
        B4, CodeT, DawidSkene, DyB4, GatedClusters, Jury, LeaveOneOut, MaxPass, MBR, Oracle, OutputB4, OutputMajority,
        Random, SoftCodeT, Spectral, UCoder,
    )
}  # fmt: skip

BEST = "best"
"""A name for the selector that the project recommends, whichever that is."""
RECOMMENDED = Jury.name


def kind_of(name: str) -> type[Selector]:
    """The class of the selector of that name, or of one's own by its dotted path.

    Raises `UnknownSelector`, which names those that there are, and `UnknownPart`.
    """
    if is_dotted(name):
        own: type[Selector] = part_at(name)
        if not hasattr(own, "select"):
            raise UnknownSelector(f"{name} has no method select(matrices), so it is no selector")
        return own
    kind = SELECTORS.get(RECOMMENDED if name == BEST else name)
    if kind is None:
        near = get_close_matches(name, [BEST, *SELECTORS], 1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        names = ", ".join([BEST, *sorted(SELECTORS)])
        raise UnknownSelector(f"there is no selector {name!r}{meant}; there are {names}")
    return kind


def make_selector(name: str, options: Mapping[str, Any] | None = None) -> Selector:
    """The selector of that name, with options as its constructor names them.

    Raises `UnknownSelector`, `UnknownPart` and `BadOption`, which name what there is.
    """
    kind = kind_of(name)
    known = options_of(kind)
    for option in options or {}:
        if option not in known:
            raise BadOption(f"{name} has no option {option!r}; it has {', '.join(known) or 'none'}")
    try:
        return kind(**(options or {}))
    except TypeError as error:
        raise BadOption(f"{name}: {error}") from error


def options_of(kind: type[Selector]) -> list[str]:
    """The names of a selector's options."""
    return [name for name in inspect.signature(kind).parameters if name not in ("args", "kwargs")]
