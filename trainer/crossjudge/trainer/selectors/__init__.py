"""Selectors: from a passing matrix to the solutions that are likely correct and the tests that agree with them.

    matrix = PassingMatrix.of(["PPF", "PPF", "FFP"], id="HumanEval/0")
    selection = make_selector("b4").select([matrix])[0]
    selection.solutions  # array([True, True, False])

One file a selector; `SELECTORS` names them all. numpy and scipy, never torch.
"""

from .base import Selector
from .bounds import Oracle
from .calibration import Calibrated, Isotonic, Platt
from .dyb4 import DyB4
from .errors import BadMatrix, BadOption, BadState, SelectorError, UnknownSelector
from .gates import Gated
from .labels import Labels
from .matrix import NO_OUTPUT, PassingMatrix
from .monitor import Alarm, MonitorReport, Reason, SelectorMonitor
from .registry import SELECTORS, make_selector
from .selection import Selection, unknown
from .structure import Structure, structure

__all__ = [
    "NO_OUTPUT",
    "SELECTORS",
    "Alarm",
    "BadMatrix",
    "BadOption",
    "BadState",
    "Calibrated",
    "DyB4",
    "Gated",
    "Isotonic",
    "Labels",
    "MonitorReport",
    "Oracle",
    "PassingMatrix",
    "Platt",
    "Reason",
    "Selection",
    "Selector",
    "SelectorError",
    "SelectorMonitor",
    "Structure",
    "UnknownSelector",
    "make_selector",
    "structure",
    "unknown",
]
