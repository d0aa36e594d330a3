"""Every recipe that ships can be loaded."""

from pathlib import Path

import pytest

from crossjudge.trainer.recipes.registry import config_of
from crossjudge.trainer.training.config import RunConfig, load_config
from crossjudge.trainer.training.generation_checks import check_generation

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("file", RECIPES, ids=[file.name for file in RECIPES])
def test_a_recipe_is_a_valid_configuration(file: Path) -> None:
    recipe, _, _ = file.stem.partition("-")  # zerocoder-world.yaml is one of zerocoder's
    assert load_config(config_of(recipe), file, []).output_dir.name == file.stem
    assert len(RECIPES) >= 5


@pytest.mark.parametrize("file", RECIPES, ids=[file.name for file in RECIPES])
def test_a_recipe_asks_for_nothing_that_does_not_go_together(file: Path) -> None:
    """What a run would refuse only once its models are loaded."""
    config = load_config(config_of(file.stem.partition("-")[0]), file, [])
    if isinstance(config, RunConfig):
        for role in (config.coder, config.tester):
            assert (role.model is None) == (config.layout != "separate") and (role.model or config.model)
        check_generation(config)
