"""The base models that come with the package are the ones that the default settings make."""

from pathlib import Path

import pytest

from crossjudge.trainer.world.build import PAIR, build
from crossjudge.trainer.world.models import digest_of, read_made
from crossjudge.trainer.world.processes import Message
from crossjudge.trainer.world.settings import Role, WorldSettings
from crossjudge.trainer.world.shipped import shipped_model

DEFAULT = WorldSettings()


@pytest.mark.parametrize("role", PAIR)
def test_what_ships_is_what_the_default_settings_make(role: Role) -> None:
    folder = shipped_model(role, DEFAULT)
    assert folder is not None, "settings, grammar or noise have changed: `crossjudge world --anew` makes the pair anew"
    assert (folder / "model.safetensors").stat().st_size < 2_000_000, "the repository is to stay small"
    assert shipped_model(role, DEFAULT.model_copy(update={"seed": 1})) is None


def test_the_easy_world_needs_no_training(tmp_path: Path) -> None:
    heard: list[Message] = []
    world = build(tmp_path / "world", DEFAULT, cache=tmp_path / "cache", told=heard.append)
    assert not heard and not list((tmp_path / "cache").iterdir())
    for role in PAIR:
        copy, shipped = tmp_path / "world" / role, shipped_model(role, DEFAULT)
        assert shipped is not None
        assert world["models"][role] == read_made(copy) and read_made(copy)["digest"] == digest_of(role, DEFAULT)
        assert {each.name: each.read_bytes() for each in copy.iterdir()} == {
            each.name: each.read_bytes() for each in shipped.iterdir()
        }


def figures_off(role: Role, problems: int) -> dict[str, float]:
    """How far each share that a shipped model is said to reach is from what it reaches here."""
    pytest.importorskip("torch", reason="base models are those of torch")
    pytest.importorskip("transformers", reason="base models are those of transformers")
    from crossjudge.trainer.world.evaluation import measure

    folder = shipped_model(role, DEFAULT)
    assert folder is not None
    figures = measure(role, DEFAULT.model_copy(update={"eval_problems": problems}), folder)
    said = read_made(folder)["figures"]
    return {name: abs(value - said[name]) for name, value in figures.items() if value <= 1}


def test_what_ships_can_be_loaded_and_does_about_what_is_said_of_it() -> None:
    assert figures_off("coder", 40)["pass@1"] < 0.15  # three standard errors
    assert figures_off("tester", 40)["tests/right"] < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("role", PAIR)
def test_what_ships_reaches_the_figures_that_are_said_of_it(role: Role) -> None:
    """On the same tasks, with samples that another machine may draw differently."""
    off = figures_off(role, DEFAULT.eval_problems)
    assert max(off.values()) < 0.06, off
