"""From validity to discrimination: how much the latter weighs."""

from crossjudge.trainer.rewards.options import between


def weight(progress: float, w_max: float, ramp: float) -> float:
    """w_t = w_max · min(1, progress / ramp). With a `ramp` of 0 it is `w_max` from the start.

    Raises `BadOption` for a progress outside of [0, 1].
    """
    between("progress", progress, 0, 1)
    return w_max * min(1.0, progress / ramp) if ramp > 0 else w_max
