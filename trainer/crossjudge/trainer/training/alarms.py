"""Says while a run is going on that something is wrong with it, before hours are spent."""

from collections.abc import Mapping
from typing import Any

from .config import AlarmsConfig

BELOW = {"tests/unique_frac": 0.25}
ABOVE = {
    "tests/trivial_frac": 0.9,
    "coder/frac_reward_zero_std": 0.9,
    "tester/frac_reward_zero_std": 0.9,
    "selector/skip_rate": 0.9,
    "verifier/infra_error_rate": 0.05,
}
MEANINGS = {
    "tests/unique_frac": "the tester writes the same few tests again and again",
    "tests/trivial_frac": "most tests are passed by every solution, so they tell nothing apart",
    "coder/frac_reward_zero_std": "in most groups all solutions have the same reward: there is nothing to learn from",
    "tester/frac_reward_zero_std": "in most groups all tests have the same reward: there is nothing to learn from",
    "selector/skip_rate": "the selector abstains on most problems",
    "verifier/infra_error_rate": "the verifier could not judge many cells",
}


class Alarms:
    """Raised once when a mean crosses its limit, and again only after it has come back."""

    def __init__(self, config: AlarmsConfig) -> None:
        self._window = config.window
        self._limits = [
            (metric, sign, limit)
            for sign, limits in ((-1, {**BELOW, **config.below}), (1, {**ABOVE, **config.above}))
            for metric, limit in limits.items()
            if limit is not None
        ]
        self._recent: dict[str, list[float]] = {}
        self._standing: set[str] = set()

    def look(self, metrics: Mapping[str, float]) -> list[tuple[str, str]]:
        """What this step's metrics raise: the metric's name and a sentence each."""
        raised = []
        for metric in {metric for metric, _, _ in self._limits} & metrics.keys():
            self._recent[metric] = [*self._recent.get(metric, []), float(metrics[metric])][-self._window :]
        for metric, sign, limit in self._limits:
            recent = self._recent.get(metric, [])
            if metric not in metrics or len(recent) < self._window:
                continue
            mean, side = sum(recent) / len(recent), "above" if sign > 0 else "below"
            is_over, name = sign * mean > sign * limit, f"{metric} {side}"
            if is_over and name not in self._standing:
                figures = f"{metric} is {mean:.3f} on average of {len(recent)} steps, {side} {limit:g}"
                raised.append((metric, ": ".join(each for each in (MEANINGS.get(metric), figures) if each)))
            (self._standing.add if is_over else self._standing.discard)(name)
        return raised

    def state_dict(self) -> dict[str, Any]:
        """What was seen lately."""
        return {"recent": self._recent, "standing": sorted(self._standing)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self._recent = {metric: list(values) for metric, values in state["recent"].items()}
        self._standing = set(state["standing"])
