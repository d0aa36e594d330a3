"""The configuration of a run: a file, what differs from it, and what is said of mistakes."""

from pathlib import Path

import pytest

from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from crossjudge.trainer.training.config import load_config
from crossjudge.trainer.training.errors import BadConfig

NEEDED = ["output_dir=runs/a", "problems=pool.jsonl"]


def loaded(*overrides: str, file: Path | None = None) -> ZeroCoderConfig:
    return load_config(ZeroCoderConfig, file, [*NEEDED, *overrides])


def test_what_is_typed_goes_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("max_steps: 7\ncoder: {learning_rate: 1.0e-5, num_generations: 4}\n")
    config = loaded("coder.learning_rate=2e-4", "--tester.reward.options.discrimination=mutants", file=file)
    assert (config.max_steps, config.coder.num_generations, config.coder.learning_rate) == (7, 4, 2e-4)
    assert config.tester.reward.options == {"discrimination": "mutants"}


def test_a_testers_reward_is_not_scaled_unless_asked_for() -> None:
    assert loaded().tester.scale_rewards == "none"
    assert loaded().coder.scale_rewards == "group"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("coder.learning_rat=1", "coder.learning_rat: there is no such key; did you mean 'learning_rate'?"),
        ("max_step=3", "did you mean 'max_steps'?"),
        ("verifier.limits.cpu_second=3", "did you mean 'cpu_seconds'?"),
        ("tester.reward.options=3", "valid dictionary"),
        ("max_steps=none", "max_steps: Input should be a valid integer"),
        ("coder.num_generations=1", "greater than or equal to 2"),
        ("layout=both", "'shared', 'lora' or 'separate'"),
        ("max_steps", "no key=value"),
        ("seed.a=1", "seed"),
        ("coder.stop=[", "no YAML value"),
    ],
)
def test_a_mistake_is_named_with_what_to_change(override: str, says: str) -> None:
    with pytest.raises(BadConfig) as caught:
        loaded(override)
    assert says in str(caught.value)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(BadConfig, match="problems is missing"):
        load_config(ZeroCoderConfig, None, ["output_dir=a"])


@pytest.mark.parametrize("text", ["a: [", "- a\n- b\n", "\x00"])
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(text)
    with pytest.raises(BadConfig, match=r"run\.yaml"):
        loaded(file=file)
