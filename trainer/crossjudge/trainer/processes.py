"""Several processes that train as one: `accelerate launch --num_processes N -m crossjudge.client train …`, on CPUs
`torchrun --nproc-per-node N -m crossjudge.client train …`.

All of them take the same decisions: they know the same problems, replies and verdicts. What takes time is shared out:
each samples, asks the verifier for, and runs through the model its share, and then tells the others. So the result is
that of one process, but for rounding. Whatever is told has to be told by all, in the same order, from the main thread.

Knows no problem and no model. Without torch, unless there are several processes.
"""

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Processes(Protocol):
    """`rank` is this process's number among `count`."""

    rank: int
    count: int

    def gathered(self, own: T) -> list[T]:
        """What each of them has, in the order of their ranks. Waits for all."""
        ...

    def summed(self, own: Any) -> Any:
        """The sum of a tensor that each of them has. Waits for all."""
        ...


class Alone:
    """The only process."""

    rank = 0
    count = 1

    def gathered(self, own: T) -> list[T]:
        return [own]

    def summed(self, own: Any) -> Any:
        return own


ALONE = Alone()


class Together:
    """Those that were started together. `patience_seconds`: how long one may keep the others waiting."""

    def __init__(self, patience_seconds: float, on_cpu: bool) -> None:
        import torch
        from accelerate import PartialState

        # On CPUs accelerate wants to be told so; else each process would be alone.
        on_cpu = on_cpu or not torch.cuda.is_available()
        self._state = PartialState(cpu=on_cpu, timeout=timedelta(seconds=patience_seconds))
        self.rank = int(self._state.process_index)
        self.count = int(self._state.num_processes)

    def gathered(self, own: T) -> list[T]:
        from accelerate.utils import gather_object

        return list(gather_object([own]))

    def summed(self, own: Any) -> Any:
        from accelerate.utils import reduce

        return reduce(own, reduction="sum")


def processes_here(patience_seconds: float, device: str) -> Processes:
    """Those that this one was started with, by accelerate or torchrun; else it is alone. `device` is the run's."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    return Together(patience_seconds, on_cpu=device.startswith("cpu"))


def is_lead(processes: Processes) -> bool:
    """Whether this is the one that talks, writes and saves."""
    return processes.rank == 0


def share(count: int, processes: Processes) -> range:
    """Which of `count` items in a row are this process's; shares differ by one at most."""
    first, last = (count * at // processes.count for at in (processes.rank, processes.rank + 1))
    return range(first, last)


def shared_out(items: Sequence[T], work: Callable[[Sequence[T], int], list[Any]], processes: Processes) -> list[Any]:
    """`work` of each process's share of the items, and where the share begins, put together in the items' order."""
    own = share(len(items), processes)
    done = work(items[own.start : own.stop], own.start)
    return [each for part in processes.gathered(done) for each in part]
