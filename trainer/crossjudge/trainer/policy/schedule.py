"""How large the learning rate is at each optimiser step; the curves are those of transformers' schedulers."""

import math
from typing import Literal

ScheduleName = Literal["constant", "linear", "cosine"]


def rate_factor(name: ScheduleName, step: int, warmup_steps: int, max_steps: int) -> float:
    """Share of the full learning rate at `step`, counted from 0: it rises from 0 for `warmup_steps`, then falls to 0.

    `constant` stays where the warm-up has brought it. Beyond `max_steps` the others stay at 0.
    """
    if step < warmup_steps:
        return step / warmup_steps
    if name == "constant":
        return 1.0
    progress = min(1.0, (step - warmup_steps) / max(1, max_steps - warmup_steps))
    return 1.0 - progress if name == "linear" else 0.5 * (1.0 + math.cos(math.pi * progress))
