"""Every recipe that ships can be loaded."""

from pathlib import Path

import pytest

from crossjudge.trainer.recipes.registry import config_of
from crossjudge.trainer.training.config import load_config

RECIPES = sorted((Path(__file__).parents[3] / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("file", RECIPES, ids=[file.name for file in RECIPES])
def test_a_recipe_is_a_valid_configuration(file: Path) -> None:
    recipe, _, _ = file.stem.partition("-")  # zerocoder-world.yaml is one of zerocoder's
    assert load_config(config_of(recipe), file, []).output_dir.name == file.stem
    assert len(RECIPES) >= 1
