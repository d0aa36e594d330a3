"""Seeds of a run's parts."""

import numpy as np


def seed_of(seed: int, iteration: int, stage: int, chunk: int) -> int:
    """Hashed, so that parts that are neighbours do not draw the same numbers."""
    return int(np.random.SeedSequence([seed, iteration, stage, chunk]).generate_state(1)[0])
