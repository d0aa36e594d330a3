"""A whole world in a folder: problems, prompt templates, base models, and `world.json`, which says what they are.

Models that have been made once are kept in a cache by a digest of everything that shapes them, and taken from there.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, get_args

from crossjudge.client.errors import CommandError

from .examples import prompt_template
from .models import digest_of, read_made
from .problems import split_tasks, write_problems
from .processes import Job, Made, Message, make_models
from .settings import PLAYS, STARTS_FROM, Part, Role, WorldSettings

ROLES: tuple[Role, ...] = ("coder", "tester", "shared")
"""The models that are made where nobody says which: those of a white box are for Code-A1 alone."""
_STAGES: tuple[tuple[Role, ...], ...] = (
    ("tester", "coder"),
    ("shared", "white_box_tester", "white_box_shared"),
)  # the longest first, what it starts from before
WORLD = "world.json"


def default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "crossjudge" / "worlds"


def _ignore(_message: Message) -> None: ...


def build(
    folder: Path,
    settings: WorldSettings,
    *,
    roles: Sequence[Role] = ROLES,
    cache: Path | None = None,
    at_once: int | None = None,
    told: Callable[[Message], None] = _ignore,
) -> dict[str, Any]:
    """Makes the world and returns what `world.json` says.

    `roles` are the models wanted, `at_once` how many are trained at the same time (as many as there are cores), and
    `told` hears how far they are. Raises CommandError where a folder cannot be written or a model not be made.
    """
    cache = cache or default_cache()
    try:
        for role in roles:
            _check_place(folder / role)
        folder.mkdir(parents=True, exist_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        write_problems(folder, settings.seed)
        for part in get_args(Part):
            (folder / f"{part}.txt").write_text(prompt_template(part), "utf-8")
        _fill_cache(cache, settings, roles, at_once or os.cpu_count() or 1, told)
        for role in roles:
            _copy(cache / digest_of(role, settings), folder / role)
        world = _description(settings, {role: read_made(folder / role) for role in roles})
        (folder / WORLD).write_text(json.dumps(world, indent=2) + "\n", "utf-8")
    except OSError as error:
        where = error.filename or folder
        raise CommandError(f"cannot write {where}: {error.strerror}; choose another folder") from error
    return world


def _check_place(model: Path) -> None:
    if model.exists() and not read_made(model):
        raise CommandError(f"{model} is there and is no base model of a world: move it, or choose another folder")


def _fill_cache(
    cache: Path, settings: WorldSettings, roles: Sequence[Role], at_once: int, told: Callable[[Message], None]
) -> None:
    places = {role: cache / digest_of(role, settings) for role in PLAYS}
    missing = {role for role in roles if not read_made(places[role])}
    missing |= {STARTS_FROM[role] for role in missing if role in STARTS_FROM}
    with tempfile.TemporaryDirectory(prefix=".making-", dir=cache) as making:

        def heard(message: Message) -> None:
            if isinstance(message, Made):  # each at once, so that it is kept whatever becomes of the others
                _move(Path(making, message.role), places[message.role])
            told(message)

        for stage in _STAGES:
            wanted = [role for role in stage if role in missing and not read_made(places[role])]
            starts = {role: places[STARTS_FROM[role]] for role in wanted if role in STARTS_FROM}
            jobs = [Job(role, settings, Path(making, role), starts.get(role)) for role in wanted]
            make_models(jobs, at_once, heard)


def _move(made: Path, place: Path) -> None:
    try:
        made.rename(place)
    except OSError:
        if not read_made(place):  # else somebody made the same model meanwhile, and it is as good
            raise


def _copy(model: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(model, place)


def _description(settings: WorldSettings, models: dict[Role, dict[str, Any]]) -> dict[str, Any]:
    split = split_tasks(settings.seed)
    return {
        "world": settings.name,
        "settings": settings.model_dump(mode="json"),
        "made_with": {name: _version(name) for name in ("crossjudge", "torch", "transformers")},
        "tasks": {"pretraining": len(split.pretraining), "pool": len(split.pool), "held_out": len(split.held_out)},
        "models": models,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # ours, run from a checkout that is not installed
        return None
