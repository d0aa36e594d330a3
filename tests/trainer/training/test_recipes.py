"""Every recipe that ships can be loaded."""

from pathlib import Path

import pytest

from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from crossjudge.trainer.training.config import load_config

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("file", RECIPES, ids=[file.name for file in RECIPES])
def test_a_recipe_is_a_valid_configuration(file: Path) -> None:
    assert load_config(ZeroCoderConfig, file, []).max_steps >= 1
    assert len(RECIPES) >= 1
