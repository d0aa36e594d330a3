"""torch's global random numbers, for code that draws from them and takes no generator: dropout, new adapters."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Random numbers drawn from the seed, on the CPU and on `device`; torch's own state is then put back."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
