"""Supervised fine-tuning: what is learned, in which steps."""

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="fine-tuning is torch's")
pytest.importorskip("transformers", reason="policies are those of transformers")

from crossjudge.trainer.policy.policy import Policy  # noqa: E402
from crossjudge.trainer.recipes.ucoder.config import ConsolidationConfig  # noqa: E402
from crossjudge.trainer.recipes.ucoder.consolidation import Example, fine_tuned  # noqa: E402
from tiny_models import tiny_policy  # noqa: E402

EXAMPLES = [Example((3, 4 + at), (5 + at, 6, 7 + at % 3, 1)) for at in range(10)]


def config(**settings: Any) -> ConsolidationConfig:
    usual = {"learning_rate": 1e-2, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 1}
    return ConsolidationConfig(**{**usual, **settings})


def taught(settings: ConsolidationConfig, examples: list[Example] = EXAMPLES) -> tuple[Policy, list[dict[str, float]]]:
    policy = tiny_policy()
    return policy, list(fine_tuned(policy, examples, settings, seed=3))


def weights(policy: Policy) -> Any:
    return torch.cat([each.detach().ravel() for each in policy.model.parameters()])


def test_replies_become_likelier_over_three_epochs_of_a_cosine() -> None:
    _, log = taught(config())
    assert [step["step"] for step in log] == list(range(1, 10)), "three steps an epoch, the last of two examples"
    assert log[-1]["loss"] < log[0]["loss"] - 0.5
    rates = [step["learning_rate"] for step in log]
    assert rates[0] == 1e-2
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 1e-3


def test_the_first_loss_is_that_of_the_replies_alone() -> None:
    """Against transformers' own loss, with the prompt's labels masked."""
    example = EXAMPLES[0]
    _, log = taught(config(), [example])
    ids = torch.tensor([[*example.prompt_ids, *example.reply_ids]])
    labels = ids.clone()
    labels[:, : len(example.prompt_ids)] = -100
    assert log[0]["loss"] == pytest.approx(tiny_policy().model(input_ids=ids, labels=labels).loss.item(), rel=1e-5)


def test_accumulation_changes_nothing_but_rounding() -> None:
    """Replies of different lengths, so that a mean of means would differ."""
    uneven = [Example(each.prompt_ids, each.reply_ids[: 1 + at % 4]) for at, each in enumerate(EXAMPLES)]
    whole, _ = taught(config(per_device_train_batch_size=8, num_train_epochs=1), uneven)
    parts, _ = taught(config(per_device_train_batch_size=2, gradient_accumulation_steps=4, num_train_epochs=1), uneven)
    assert torch.allclose(weights(whole), weights(parts), atol=1e-4)
    assert not torch.allclose(weights(whole), weights(tiny_policy()), atol=1e-4)


def test_the_same_seed_teaches_the_same_bit_for_bit() -> None:
    (one, log), (other, again) = taught(config()), taught(config())
    assert log == again
    assert torch.equal(weights(one), weights(other))
    policy = tiny_policy()
    list(fine_tuned(policy, EXAMPLES, config(), seed=4))
    assert not torch.equal(weights(policy), weights(one)), "another seed is another order"
