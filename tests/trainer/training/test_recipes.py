"""Every recipe that ships can be loaded."""

from pathlib import Path

import pytest

from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from crossjudge.trainer.training.config import load_config
from crossjudge.trainer.training.generation_checks import check_generation

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("file", RECIPES, ids=[file.name for file in RECIPES])
def test_a_recipe_is_a_valid_configuration(file: Path) -> None:
    assert load_config(ZeroCoderConfig, file, []).max_steps >= 1
    assert len(RECIPES) >= 4


@pytest.mark.parametrize("file", RECIPES, ids=[file.name for file in RECIPES])
def test_a_recipe_asks_for_nothing_that_does_not_go_together(file: Path) -> None:
    """What a run would refuse only once its models are loaded."""
    config = load_config(ZeroCoderConfig, file, [])
    for role in (config.coder, config.tester):
        assert (role.model is None) == (config.layout != "separate") and (role.model or config.model)
    check_generation(config)
