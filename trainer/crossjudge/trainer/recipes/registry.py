"""Recipes by name."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from crossjudge.trainer.plugins import look_here
from crossjudge.trainer.training.config import RecipeConfig
from crossjudge.trainer.training.errors import BadConfig

RECIPES = ("zerocoder", "code_a1", "ucoder")


def config_of(name: str) -> type[RecipeConfig]:
    """The configuration of a recipe. Imports no torch. Raises `BadConfig`, which names what there is."""
    config = getattr(_module(name, "config"), "Config", None)
    if not (isinstance(config, type) and issubclass(config, RecipeConfig)):
        raise BadConfig(f"{name}.config has no class Config that is a RecipeConfig")
    return config


def recipe_of(name: str) -> ModuleType:
    """The module whose `train` runs the recipe. Raises `BadConfig` and `ModuleNotFoundError` for a missing library."""
    module = _module(name, "recipe")
    if not callable(getattr(module, "train", None)):
        raise BadConfig(f"{name}.recipe has no function train")
    return module


def _module(name: str, part: str) -> ModuleType:
    look_here()
    package = f"{__package__}.{name}" if name in RECIPES else name
    try:
        is_there = ("." in package) and find_spec(f"{package}.{part}") is not None
    except (ImportError, ValueError):
        is_there = False
    if not is_there:
        own = "a recipe of your own is a package by its dotted name, with modules config and recipe"
        raise BadConfig(f"there is no recipe {name!r}; there is {', '.join(RECIPES)}, and {own}")
    return import_module(f"{package}.{part}")
