"""All ways there are, by name."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack

from .baselines import ForkPerCell, InProcess, NsjailPerCell, PythonPerCell
from .ours import CACHED, ENGINES, SERVICES, Cached, Engine, Service
from .rivals import CodeJudge, Rival, SandboxFusion
from .way import Setup, Way, WayUnavailable

BASE = "python"
"""What the others are compared with."""

RIVALS: dict[str, type[Rival]] = {"code-judge": CodeJudge, "sandboxfusion": SandboxFusion}

WAYS: dict[str, Callable[[str, Setup], Way]] = {
    "in-process": InProcess,
    "fork": ForkPerCell,
    BASE: PythonPerCell,
    "nsjail": NsjailPerCell,
    **dict.fromkeys(ENGINES, Engine),
    **dict.fromkeys(SERVICES, Service),
    CACHED: Cached,
}


def opened(names: Iterable[str], setup: Setup, stack: ExitStack, *, must: bool) -> tuple[list[Way], list[str]]:
    """The ways, ready, until the stack is closed; and why those are left out that this machine cannot do.

    With `must`, raises `WayUnavailable` instead: somebody has named them.
    """
    ways, left_out = [], []
    for name in names:
        try:
            ways.append(stack.enter_context(WAYS[name](name, setup)))
        except WayUnavailable as error:
            if must:
                raise
            left_out.append(f"{name}: not measured: {error}")
    return ways, left_out


def rivals(setup: Setup, stack: ExitStack) -> list[Way]:
    """The other services that were named. Raises `WayUnavailable`."""
    places = {"code-judge": setup.code_judge, "sandboxfusion": setup.sandboxfusion}
    return [stack.enter_context(RIVALS[name](name, setup, place)) for name, place in places.items() if place]
