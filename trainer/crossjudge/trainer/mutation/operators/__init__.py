"""The mutation operators, one family a file. A new one is a file and a line here."""

from .argument import ARGUMENT
from .arithmetic import ARITHMETIC
from .base import Operator
from .bitwise import BITWISE
from .bound import BOUND
from .comparison import COMPARISON
from .condition import CONDITION
from .connective import CONNECTIVE
from .constant import CONSTANT
from .deletion import DELETION
from .lookalike import LOOKALIKE
from .loop import LOOP
from .place import Place, places
from .returned import RETURNED
from .unary import UNARY

OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        ARITHMETIC,
        BITWISE,
        UNARY,
        COMPARISON,
        CONNECTIVE,
        CONDITION,
        CONSTANT,
        BOUND,
        DELETION,
        RETURNED,
        ARGUMENT,
        LOOKALIKE,
        LOOP,
    )
}

__all__ = ["OPERATORS", "Operator", "Place", "places"]
