"""Our loss and its gradients beside those of the real `GRPOTrainer`, on the same weights, tokens and advantages."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the trainer's extra is not installed")
pytest.importorskip("transformers", reason="the trainer's extra is not installed")
trl = pytest.importorskip("trl", reason="TRL is not installed")

from crossjudge.trainer.generation import Sampling  # noqa: E402
from crossjudge.trainer.policy.logprobs import completion_logprobs, token_batch  # noqa: E402
from crossjudge.trainer.policy.loss import LossSettings, LossType, completion_weights, grpo_loss  # noqa: E402
from crossjudge.trainer.policy.measures import Measures  # noqa: E402
from crossjudge.trainer.policy.update import UpdateSettings  # noqa: E402
from tiny_models import PAD, tiny_folder, tiny_model, tiny_tokenizer, words  # noqa: E402

# What TRL and transformers warn each other of is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore:::trl", "ignore:::transformers", "ignore::FutureWarning")

CPU = torch.device("cpu")
LONGEST = 7
TEMPERATURE = 0.8
PROMPTS = [words(count, seed) for seed, count in enumerate([3, 5, 2, 5, 4, 1])]
COMPLETIONS = [words(count, 10 + seed) for seed, count in enumerate([4, LONGEST, 1, 3, LONGEST, 5])]
ADVANTAGES = [1.2, -0.7, 0.4, -1.5, 0.0, 0.9]


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    datasets = pytest.importorskip("datasets", reason="TRL's trainer needs datasets")
    arguments = trl.GRPOConfig(
        output_dir=str(tmp_path_factory.mktemp("trl")),
        use_cpu=True,
        bf16=False,
        report_to="none",
        temperature=TEMPERATURE,
        max_completion_length=LONGEST,
        beta=0.1,  # so that it has a reference model; each case then sets its own
    )
    yield trl.GRPOTrainer(
        model=str(tiny_folder(tmp_path_factory.mktemp("model"))),
        processing_class=tiny_tokenizer(),
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=arguments,
        train_dataset=datasets.Dataset.from_list([{"prompt": "a b c"}] * 8),
    )


@pytest.fixture(scope="module")
def inputs() -> SimpleNamespace:
    """Tokens of both sides, and what another policy and the reference say of them."""
    batch = token_batch(PROMPTS, COMPLETIONS, PAD, CPU)
    with torch.no_grad():
        # Policies far enough from the trained one that ratios are clipped on both sides.
        old, _ = completion_logprobs(tiny_model(seed=1, initializer_range=0.32), batch, TEMPERATURE)
        new, _ = completion_logprobs(tiny_model(), batch, TEMPERATURE)
        reference, _ = completion_logprobs(tiny_model(seed=2), batch, TEMPERATURE)
    return SimpleNamespace(batch=batch, old=new + 0.15 * (old - new), reference=reference)


def flat_gradient(model: Any) -> Any:
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def theirs(trainer: Any, inputs: SimpleNamespace, settings: LossSettings, mask: Any, is_fresh: bool) -> Any:
    """Loss, gradients and metrics of TRL."""
    for model in (trainer.model, trainer.model_wrapped):
        model.train()
        model.zero_grad()
    trainer.loss_type = settings.loss_type
    trainer.beta = settings.beta
    trainer.epsilon_low, trainer.epsilon_high = settings.epsilon, settings.upper_epsilon
    trainer.importance_sampling_level = settings.importance_sampling_level
    trainer.args.delta = settings.delta
    trainer.args.use_bias_correction_kl = settings.use_bias_correction_kl
    trainer.args.steps_per_generation = trainer.current_gradient_accumulation_steps = 1
    trainer._metrics["train"].clear()
    width = max(map(len, PROMPTS))
    given = {
        "prompt_ids": inputs.batch.input_ids[:, :width],
        "prompt_mask": inputs.batch.attention_mask[:, :width],
        "completion_ids": inputs.batch.completion_ids,
        "completion_mask": mask,
        "advantages": torch.tensor(ADVANTAGES),
        "num_items_in_batch": mask.sum(),
        "ref_per_token_logps": inputs.reference,
    }
    if not is_fresh:
        given["old_per_token_logps"] = inputs.old
    loss = trainer._compute_loss(trainer.model, given)
    loss.backward()
    metrics = {name: values[0] for name, values in trainer._metrics["train"].items()}
    return loss.detach(), flat_gradient(trainer.model), metrics


def ours(inputs: SimpleNamespace, settings: LossSettings, mask: Any, is_fresh: bool) -> Any:
    model = tiny_model()
    logprobs, entropy = completion_logprobs(model, inputs.batch, TEMPERATURE)
    loss = grpo_loss(
        logprobs,
        logprobs.detach() if is_fresh else inputs.old,
        torch.tensor(ADVANTAGES),
        mask,
        completion_weights(mask.sum(1), settings.loss_type, LONGEST),
        settings,
        inputs.reference,
    )
    torch.autograd.backward(loss.loss)
    measures = Measures(settings)
    measures.add(loss, entropy, mask)
    return loss.loss.detach(), flat_gradient(model), measures.metrics(1)


LOSSES: tuple[LossType, ...] = ("grpo", "bnpo", "dr_grpo", "dapo")
VARIANTS = {
    "plain": {},
    "clip higher": {"epsilon": 0.1, "epsilon_high": 0.28},
    "two-sided": {"delta": 1.5},
    "kl": {"beta": 0.3},
    "kl without correction": {"beta": 0.3, "use_bias_correction_kl": False},
    "sequence": {"importance_sampling_level": "sequence", "epsilon": 0.02, "beta": 0.1},
}


@pytest.mark.parametrize("loss_type", LOSSES)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("is_masked", "is_fresh"), [(False, False), (True, False), (False, True)])
def test_loss_gradients_and_metrics_are_trls(
    trainer: Any, inputs: SimpleNamespace, loss_type: LossType, variant: str, is_masked: bool, is_fresh: bool
) -> None:
    settings = LossSettings(loss_type=loss_type, **VARIANTS[variant])  # type: ignore[arg-type]
    mask = inputs.batch.completion_mask.clone()
    if is_masked:
        mask[4] = 0  # a truncated completion, left out

    loss, gradients, metrics = ours(inputs, settings, mask, is_fresh)
    expected_loss, expected_gradients, expected_metrics = theirs(trainer, inputs, settings, mask, is_fresh)

    torch.testing.assert_close(loss, expected_loss, rtol=1e-5, atol=1e-6)
    assert expected_gradients.norm() > 0.01
    assert (gradients - expected_gradients).norm() < 1e-5 * expected_gradients.norm()
    for name in set(expected_metrics) & set(metrics):
        if not (is_masked and name in ("clip_ratio/low_min", "clip_ratio/high_max")):
            assert metrics[name] == pytest.approx(expected_metrics[name], rel=1e-4, abs=1e-6), name
    wanted = {"entropy", "clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/region_mean"}
    assert wanted <= set(expected_metrics) & set(metrics)


def test_the_case_is_one_in_which_ratios_are_clipped(inputs: SimpleNamespace) -> None:
    _, _, metrics = ours(inputs, LossSettings(), inputs.batch.completion_mask, is_fresh=False)
    assert metrics["clip_ratio/low_mean"] > 0 and metrics["clip_ratio/high_mean"] > 0


def test_defaults_are_trls() -> None:
    theirs_ = vars(trl.GRPOConfig(use_cpu=True, bf16=False))
    assert LossSettings().upper_epsilon == theirs_["epsilon"] and theirs_["epsilon_high"] is None
    ours_ = {**LossSettings().model_dump(), **UpdateSettings(max_steps=1).model_dump(), **Sampling().model_dump()}
    for name in set(ours_) & set(theirs_) - {"max_steps", "seed"}:
        assert ours_[name] == theirs_[name], name
    own = {"loss", "micro_batch_size", "old_logprobs", "skip_zero_advantages", "stop"}
    assert set(ours_) - set(theirs_) == own
