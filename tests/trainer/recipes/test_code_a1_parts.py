"""Code-A1's own decisions, without a judge."""

import numpy as np
import pytest

from crossjudge.trainer.recipes.code_a1.config import CodeA1Config
from crossjudge.trainer.recipes.code_a1.duels import unprintable_share
from crossjudge.trainer.training.config import load_config
from crossjudge.trainer.training.errors import BadConfig

NEEDED = ["output_dir=runs/a", "problems=pool.jsonl"]


def test_the_defaults_are_the_authors() -> None:
    config = load_config(CodeA1Config, None, NEEDED)
    assert (config.layout, config.alpha, config.unfailed, config.groups_per_problem) == ("separate", 0.5, "code", 1)
    assert (config.coder.num_generations, config.tester.num_generations, config.tester.tests_per_reply) == (8, 8, 8)
    assert (config.tester.scale_rewards, config.tester.prompt, config.mistakes.replay) == (
        "group", "white_box_tester", 8,
    )  # fmt: skip


def test_a_reward_of_another_recipe_is_no_key_of_this_one() -> None:
    with pytest.raises(BadConfig, match=r"tester\.reward: there is no such key"):
        load_config(CodeA1Config, None, [*NEEDED, "tester.reward.name=product"])
    with pytest.raises(BadConfig, match=r"unfailed: .*'code' or 'figure'"):
        load_config(CodeA1Config, None, [*NEEDED, "unfailed=paper"])


def test_the_groups_that_train_are_those_whose_rewards_differ_most() -> None:
    pytest.importorskip("torch", reason="the recipe needs torch")
    pytest.importorskip("transformers", reason="the recipe needs transformers")
    from crossjudge.trainer.recipes.code_a1.recipe import most_spread

    groups = [np.array(values) for values in ([1.0, 1.0], [0.0, 1.0], [np.nan, np.nan], [0.0, 0.5], [0.0, 1.0])]
    assert most_spread(groups, 1) == [1]  # of equals the first
    assert most_spread(groups, 3) == [1, 3, 4]
    assert most_spread(groups, None) == [0, 1, 2, 3, 4]
    assert most_spread([], 1) == []


def test_white_space_is_no_rubbish() -> None:
    assert unprintable_share("assert f(1) == 2\n\té") == unprintable_share("") == 0
    assert unprintable_share("a\x00\x1bb") == 0.5
