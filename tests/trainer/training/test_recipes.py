"""Every recipe that ships can be loaded."""

from pathlib import Path

import pytest

from crossjudge.trainer.recipes.registry import RECIPES, config_of
from crossjudge.trainer.training.config import load_config

FILES = sorted((Path(__file__).parents[3] / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_recipe_is_a_valid_configuration(file: Path) -> None:
    """Its name begins with that of the recipe that it is for."""
    name = next(name for name in RECIPES if file.name.startswith(f"{name}-"))
    assert load_config(config_of(name), file, []).max_steps >= 1


def test_every_recipe_has_a_file() -> None:
    assert {file.name.partition("-")[0] for file in FILES} == set(RECIPES)
