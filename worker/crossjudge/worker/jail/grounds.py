"""Which ground there is behind which wall."""

from collections.abc import Callable

from .bare import Bare
from .ground import Namespaces
from .gvisor import OneMountTable

GROUNDS: dict[str, Callable[[str], Namespaces]] = {
    "nsjail": lambda base: Namespaces(),
    "gvisor": lambda base: OneMountTable(),
    "none": Bare,
}
"""By the name of the wall; each is given the folder that stands for the jail's root."""
