"""Every recipe that ships can be loaded."""

from pathlib import Path

import pytest

from crossjudge.trainer.recipes.registry import RECIPES, config_of
from crossjudge.trainer.training.config import RunConfig, load_config
from crossjudge.trainer.training.generation_checks import check_generation

FILES = sorted((Path(__file__).parents[3] / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_recipe_is_a_valid_configuration(file: Path) -> None:
    """Its name begins with that of the recipe that it is for."""
    assert load_config(config_of(recipe_of(file)), file, []).output_dir.name == file.stem


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_recipe_asks_for_nothing_that_does_not_go_together(file: Path) -> None:
    """What a run would refuse only once its models are loaded."""
    config = load_config(config_of(recipe_of(file)), file, [])
    if isinstance(config, RunConfig):
        for role in (config.coder, config.tester):
            assert (role.model is None) == (config.layout != "separate") and (role.model or config.model)
        check_generation(config)


def test_every_recipe_has_a_file() -> None:
    assert {recipe_of(file) for file in FILES} == set(RECIPES)


def recipe_of(file: Path) -> str:
    return file.name.partition("-")[0]
