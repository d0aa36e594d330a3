"""Recipes by name, ours and a user's own."""

from pathlib import Path

import pytest

from crossjudge.trainer.recipes.registry import RECIPES, config_of, recipe_of
from crossjudge.trainer.training.config import RunConfig
from crossjudge.trainer.training.errors import BadConfig


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_has_a_configuration(name: str) -> None:
    assert issubclass(config_of(name), RunConfig)


@pytest.mark.parametrize("name", ["zerocode", "no_such_package.recipe", "", "crossjudge.trainer", ".", "json"])
def test_a_name_that_is_no_recipe_is_answered_with_those_that_there_are(name: str) -> None:
    with pytest.raises(BadConfig, match="there is zerocoder"):
        config_of(name)


def test_a_package_of_ones_own_is_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "own_recipes" / "mine"
    package.mkdir(parents=True)
    (package / "config.py").write_text(
        "from crossjudge.trainer.training.config import RunConfig\nclass Config(RunConfig):\n    patience: int = 3\n"
    )
    (package / "recipe.py").write_text("def train(config, client, console, resume): return {}\n")
    monkeypatch.chdir(tmp_path)
    assert config_of("own_recipes.mine").model_fields["patience"].default == 3
    assert recipe_of("own_recipes.mine").train(None, None, None, "auto") == {}


def test_what_a_package_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "half_recipes" / "mine"
    package.mkdir(parents=True)
    for part in ("config", "recipe"):
        (package / f"{part}.py").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadConfig, match="no class Config"):
        config_of("half_recipes.mine")
    with pytest.raises(BadConfig, match="no function train"):
        recipe_of("half_recipes.mine")
