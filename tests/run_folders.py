"""Folders of training runs, written as a run writes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import RootModel

from crossjudge.trainer.training.run_folder import RunFolder

STEPS = 6


SETTINGS: dict[str, Any] = {
    "problems": "pool.jsonl", "seed": 0, "max_steps": STEPS, "save_steps": 20, "eval_limit": 100, "eval_samples": 4,
    "coder": {"learning_rate": 1e-6, "lr_scheduler_type": "constant"},
    "tester": {"learning_rate": 1e-6, "lr_scheduler_type": "constant", "tests_per_reply": 5, "stop": []},
    "selector": {"name": "gated_clusters", "options": {}}, "min_rank": 0, "mutants": 0,
}  # fmt: skip


def config(path: Path, **more: Any) -> RootModel[dict[str, Any]]:
    """Of a run in that folder; what is given for a section is added to it."""
    merged = {key: SETTINGS[key] | each if isinstance(each, dict) else each for key, each in more.items()}
    return RootModel({"output_dir": str(path)} | SETTINGS | merged)


def metrics(step: int, pass_at_1: float = 0.5) -> dict[str, float]:
    """Some of what ZeroCoder logs, with an evaluation every third step."""
    found = {
        "coder/reward": 0.5 + 0.01 * step, "tester/reward": 0.2, "selector/precision": 0.9, "selector/skip_rate": 0.25,
        "coder/loss": 0.01 * step, "verifier/cells": 100.0, "matrix/rank": 3.0 - 0.1 * step, "something/new": step**2,
        "time/sample": 1.0, "time/verify": 0.5, "time/step": 1.5,
    }  # fmt: skip
    if step % 3 == 0:
        found |= {
            "eval/pass@1": pass_at_1 + 0.05 * step, "eval/pass@4": 0.9, "eval/tests/valid": 0.3 + 0.05 * step,
            "eval/tests/kill": 0.6 - 0.08 * step,
        }  # fmt: skip
    return found


def sample(name: str, **more: Any) -> dict[str, Any]:
    """A problem of a step."""
    found: dict[str, Any] = {
        "id": name, "solutions": ["def f(x): return x", "def f(x): return -x", "def f(x): return x"],
        "tests": ["assert f(1) == 1", "assert f(0) == 0"], "matrix": ["PP", "FP", "PP"],
        "chosen": [0, 2], "chosen_tests": [0], "abstain": None,
    }  # fmt: skip
    return found | more


def written(
    path: Path,
    logged: Mapping[int, Mapping[str, Any]] | None = None,
    samples: Mapping[int, Sequence[Mapping[str, Any]]] | None = None,
    **settings: Any,
) -> Path:
    """A run's folder."""
    folder = RunFolder(path)
    folder.start(config(path, **settings))
    for step, found in (logged if logged is not None else {n: metrics(n) for n in range(STEPS + 1)}).items():
        folder.log(step, found)
    for step, each in (samples or {}).items():
        folder.keep(step, each)
    return path
