"""One base model as a folder: weights, tokenizer, and `made.json`, which says how it came about and how good it is."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .examples import examples
from .problems import split_tasks
from .settings import PLAYS, STARTS_FROM, Role, WorldSettings
from .tokenizer import VOCABULARY

if TYPE_CHECKING:
    from .pretraining import Progress

MADE = "made.json"
PROCEDURE = 1  # counts up with every change of pretraining.py or evaluation.py that changes a model or its figures
_EXAMPLES = 100  # enough of the data to notice a change of the grammar, the noise or the split


def digest_of(role: Role, settings: WorldSettings) -> str:
    """The same for models that would come out the same: all settings that matter to it, vocabulary and data."""
    matter = {role, STARTS_FROM.get(role, role)}
    others = {f"{each}_steps" for each in PLAYS if each not in matter}
    data = examples(role, split_tasks(settings.seed).pretraining, settings)
    parts = [
        PROCEDURE,
        role,
        settings.model_dump(exclude=others),
        VOCABULARY,
        [asdict(each) for each in islice(data, _EXAMPLES)],
    ]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def make_model(role: Role, settings: WorldSettings, start: Path | None, folder: Path, progress: "Progress") -> None:
    """Trains, saves and measures a base model, which begins as the one in `start` or from nothing.

    Seeds and uses the random state of the process.
    """
    from transformers.utils.logging import disable_progress_bar

    from .evaluation import measure
    from .pretraining import pretrain

    quiet: Callable[[], None] = disable_progress_bar  # transformers does not type it
    quiet()
    wall, cpu = time.monotonic(), time.process_time()
    parameters = pretrain(role, settings, start, folder, progress)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    made = {
        "role": role,
        "digest": digest_of(role, settings),
        "made_with": {name: _version(name) for name in ("crossjudge", "torch", "transformers")},
        "parameters": parameters,
        "steps": settings.steps(role),
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "figures": measure(role, settings, folder),
    }
    (folder / MADE).write_text(json.dumps(made, indent=2) + "\n", "utf-8")


def read_made(folder: Path) -> dict[str, Any]:
    """What `made.json` says; empty where the folder is none of ours."""
    try:
        made = json.loads((folder / MADE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) else {}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # ours, run from a checkout that is not installed
        return None
