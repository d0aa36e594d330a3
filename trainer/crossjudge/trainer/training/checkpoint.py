"""Checkpoints of the whole pair in one atomic step: both policies, their optimisers, the recipe's state.

`checkpoint-<step>/{coder,tester}/` are Hugging Face folders (one, `policy/`, where both roles share it). Everything
random in a run is drawn from its seed and the step, so there is no other state.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from crossjudge.trainer.policy.layouts import Policies

from .errors import BadRunFolder
from .run_folder import STATE, synced, whole_checkpoints


def save(folder: Path, step: int, policies: Policies, learnt: Mapping[str, Any], state: Mapping[str, Any]) -> Path:
    """Write the checkpoint of a step; `learnt` is the state of each learner, `state` what else is to be kept.

    Raises `BadRunFolder`, and leaves no half of one, where the disk is full.
    """
    place = folder / f"checkpoint-{step}"
    part = folder / f".checkpoint-{step}.part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        policies.save(part)
        torch.save({"step": step, "learners": dict(learnt), **state}, part / STATE)
        shutil.rmtree(place, ignore_errors=True)
        synced(part)
        part.replace(place)
        synced(folder)
    except (OSError, RuntimeError, SafetensorError) as error:  # each library has its own for a full disk
        shutil.rmtree(part, ignore_errors=True)
        raise BadRunFolder(f"cannot save {place}: {error}; earlier checkpoints are as they were") from error
    return place


def keep_last(folder: Path, count: int | None) -> None:
    """Delete all but the last `count` checkpoints."""
    for step in whole_checkpoints(folder)[: -count if count else 0]:
        shutil.rmtree(folder / f"checkpoint-{step}", ignore_errors=True)


def load_state(checkpoint: Path) -> dict[str, Any]:
    """The state beside the weights. Raises `BadRunFolder` where it cannot be read."""
    try:
        state: dict[str, Any] = torch.load(checkpoint / STATE, weights_only=True)
    except Exception as error:  # torch raises almost anything for a damaged file
        why = str(error).split(". ")[0]
        raise BadRunFolder(f"{checkpoint / STATE} cannot be read ({why}): resume from an earlier one") from error
    return state
