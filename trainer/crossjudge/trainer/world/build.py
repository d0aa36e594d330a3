"""A whole world in a folder: problems, prompt templates, base models, and `world.json`, which says what they are.

Models that have been made once are kept in a cache by a digest of everything that shapes them, and taken from there;
some come with the package.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from crossjudge.client.errors import CommandError

from .examples import prompt_template
from .models import digest_of, read_made
from .problems import split_tasks, write_problems
from .processes import Job, Made, Message, make_models
from .settings import PAIR, PLAYS, STARTS_FROM, Part, Role, WorldSettings
from .shipped import shipped_model

_STAGES: tuple[tuple[Role, ...], ...] = (
    ("tester", "coder", "problems"),
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
    roles: Sequence[Role] = PAIR,
    cache: Path | None = None,
    anew: bool = False,
    at_once: int | None = None,
    told: Callable[[Message], None] = _ignore,
) -> dict[str, Any]:
    """Makes the world and returns what `world.json` says.

    `roles` are the models wanted; `anew` trains them though they ship or are in the cache. `at_once` is how many are
    trained at the same time (as many as there are cores), and `told` hears how far they are. Raises CommandError where
    a folder cannot be written or a model not be made.
    """
    cache = cache or default_cache()
    try:
        for role in roles:
            _check_place(folder / role)
        folder.mkdir(parents=True, exist_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        places = {role: _place(role, settings, cache, anew and role in roles) for role in PLAYS}
        _make_missing(places, cache, settings, roles, at_once or os.cpu_count() or 1, told)
        write_problems(folder, settings.seed)
        for part in get_args(Part):
            (folder / f"{part}.txt").write_text(prompt_template(part), "utf-8")
        for role in roles:
            _copy(places[role], folder / role)
        world = _description(settings, {role: read_made(folder / role) for role in roles})
        (folder / WORLD).write_text(json.dumps(world, indent=2) + "\n", "utf-8")
    except OSError as error:
        where = error.filename or folder
        raise CommandError(f"cannot write {where}: {error.strerror}; choose another folder") from error
    return world


def _check_place(model: Path) -> None:
    if model.exists() and not read_made(model):
        raise CommandError(f"{model} is there and is no base model of a world: move it, or choose another folder")


def _place(role: Role, settings: WorldSettings, cache: Path, anew: bool) -> Path:
    """Where a model is, or will be once it is made."""
    place = cache / digest_of(role, settings)
    if anew:
        shutil.rmtree(place, ignore_errors=True)
        return place
    return shipped_model(role, settings) or place


def _make_missing(
    places: Mapping[Role, Path], cache: Path, settings: WorldSettings, roles: Sequence[Role], at_once: int,
    told: Callable[[Message], None],
) -> None:  # fmt: skip
    missing = {role for role in roles if not read_made(places[role])}
    missing |= {STARTS_FROM[role] for role in missing if role in STARTS_FROM}
    if missing:
        _check_torch()
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


def _check_torch() -> None:
    if absent := [name for name in ("torch", "transformers") if find_spec(name) is None]:
        raise CommandError(f"base models need {' and '.join(absent)} to be made: pip install 'crossjudge[trainer]'")


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
        "tasks": {"pretraining": len(split.pretraining), "pool": len(split.pool), "held_out": len(split.held_out)},
        "models": models,
    }
