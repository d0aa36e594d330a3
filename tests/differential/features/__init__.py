"""What programs do, a topic per module; pairs are drawn from all of it."""

from . import (
    callbacks,
    classes,
    containers,
    coroutines,
    exceptions,
    functions,
    hierarchies,
    iteration,
    output,
    records,
    values,
)

_MODULES = (
    containers,
    values,
    classes,
    records,
    hierarchies,
    iteration,
    functions,
    callbacks,
    exceptions,
    coroutines,
    output,
)

FEATURES = [each for module in _MODULES for each in module.FEATURES]
