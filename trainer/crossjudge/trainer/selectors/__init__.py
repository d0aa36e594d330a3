"""Selectors: from a passing matrix to the solutions that are likely correct and the tests that agree with them.

    matrix = PassingMatrix.of(["PPF", "PPF", "FFP"], id="HumanEval/0")
    selection = make_selector("b4").select([matrix])[0]
    selection.solutions  # array([True, True, False])

One file a selector; `SELECTORS` names them all. numpy and scipy, never torch.
"""

from .base import Selector
from .errors import BadMatrix, BadOption, SelectorError, UnknownSelector
from .labels import Labels
from .matrix import NO_OUTPUT, PassingMatrix
from .registry import SELECTORS, make_selector
from .selection import Selection

__all__ = [
    "NO_OUTPUT",
    "SELECTORS",
    "BadMatrix",
    "BadOption",
    "Labels",
    "PassingMatrix",
    "Selection",
    "Selector",
    "SelectorError",
    "UnknownSelector",
    "make_selector",
]
