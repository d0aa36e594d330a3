"""An update: what it may depend on, what it must not, and that it learns."""

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

torch = pytest.importorskip("torch", reason="the trainer's extra is not installed")
pytest.importorskip("transformers", reason="the trainer's extra is not installed")

from crossjudge.trainer.generation import Completion, Sampling  # noqa: E402
from crossjudge.trainer.generation.in_process import InProcessGenerator  # noqa: E402
from crossjudge.trainer.policy.advantages import group_advantages  # noqa: E402
from crossjudge.trainer.policy.errors import PolicyError, UnusableState  # noqa: E402
from crossjudge.trainer.policy.folders import ModelSettings  # noqa: E402
from crossjudge.trainer.policy.layouts import lora, shared  # noqa: E402
from crossjudge.trainer.policy.lora_settings import LoraSettings  # noqa: E402
from crossjudge.trainer.policy.loss import LossSettings, LossType  # noqa: E402
from crossjudge.trainer.policy.policy import Policy  # noqa: E402
from crossjudge.trainer.policy.update import Learner, Sample, UpdateSettings  # noqa: E402
from tiny_models import WORDS, tiny_folder, tiny_model, tiny_policy, words  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

LONGEST = 8
SAMPLING = Sampling(max_completion_length=LONGEST)
PROMPTS = [words(3, 0), words(6, 1), words(2, 2)]


def settings(**more: Any) -> UpdateSettings:
    given = {"learning_rate": 1e-3, "max_steps": 100, "max_completion_length": LONGEST, "micro_batch_size": 100}
    return UpdateSettings(**(given | more))


def samples_of(policy: Policy, seed: int = 0, n: int = 6) -> list[Sample]:
    """Replies of the policy, worth the more the more often they say "e"."""
    replies = InProcessGenerator(policy).generate(PROMPTS, n, SAMPLING, seed)
    rewards = [[float(reply.text.split().count("e")) for reply in group] for group in replies]
    advantages = group_advantages(rewards).values
    return [
        Sample(prompt, reply, float(advantage))
        for prompt, group, values in zip(PROMPTS, replies, advantages, strict=True)
        for reply, advantage in zip(group, values, strict=True)
    ]


def weights_of(policy: Policy) -> Any:
    return torch.cat([parameter.detach().flatten() for parameter in policy.parameters()])


def updated(samples: Sequence[Sample], **more: Any) -> Any:
    """Weights after one update of a fresh policy."""
    policy = tiny_policy()
    policy.reference = tiny_model(seed=1)
    Learner(policy, settings(**more)).update(samples)
    return weights_of(policy)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    found = samples_of(tiny_policy(), n=8)
    assert sum(sample.advantage != 0 for sample in found) > 8 and {s.completion.is_truncated for s in found} == {0, 1}
    return found


def test_a_policy_learns_what_is_rewarded() -> None:
    policy = tiny_policy()
    learner = Learner(policy, settings(learning_rate=0.02, lr_scheduler_type="constant"))

    def frequency(seed: int) -> float:
        replies = InProcessGenerator(policy).generate(PROMPTS, 64, SAMPLING, seed)
        said = [word for group in replies for reply in group for word in reply.text.split()]
        return said.count("e") / len(said)

    before = frequency(1_000)
    for step in range(12):
        learner.update(samples_of(policy, step, n=16))
    assert before < 0.1
    assert frequency(1_001) > 0.5


@pytest.mark.parametrize("loss_type", ["grpo", "bnpo", "dr_grpo", "dapo"])
@pytest.mark.parametrize("size", [1, 5])
def test_the_size_of_micro_batches_changes_nothing(samples: list[Sample], loss_type: LossType, size: int) -> None:
    loss = LossSettings(loss_type=loss_type, beta=0.1)
    whole = updated(samples, loss=loss, num_iterations=2, mask_truncated_completions=True)
    cut = updated(samples, loss=loss, num_iterations=2, mask_truncated_completions=True, micro_batch_size=size)
    torch.testing.assert_close(cut, whole, rtol=0, atol=2e-5)
    assert (whole - weights_of(tiny_policy())).abs().max() > 1e-4


def test_the_order_of_samples_changes_nothing(samples: list[Sample]) -> None:
    torch.testing.assert_close(updated(samples[::-1]), updated(samples), rtol=0, atol=2e-5)


def test_a_sample_without_a_score_is_as_if_it_had_not_been_sampled(samples: list[Sample]) -> None:
    lost = [replace(sample, is_scored=at % 3 > 0) for at, sample in enumerate(samples)]
    for loss_type in ("grpo", "dapo"):
        loss = LossSettings(loss_type=loss_type, beta=0.1)
        kept = [sample for sample in lost if sample.is_scored]
        assert torch.equal(updated(lost, loss=loss), updated(kept, loss=loss))
        assert not torch.equal(updated(lost, loss=loss), updated(samples, loss=loss))


def test_masked_truncated_completions_teach_nothing(samples: list[Sample]) -> None:
    masked = updated(samples, mask_truncated_completions=True)
    # DAPO's normaliser counts the tokens that are learned from, so leaving the others out is the same.
    ended = [sample for sample in samples if not sample.completion.is_truncated]
    torch.testing.assert_close(masked, updated(ended), rtol=0, atol=2e-5)
    assert not torch.allclose(masked, updated(samples), atol=2e-5)


def test_skipping_what_has_no_advantage_gives_the_same_update(samples: list[Sample]) -> None:
    some = [replace(sample, advantage=0.0) if at % 2 else sample for at, sample in enumerate(samples)]
    torch.testing.assert_close(updated(some, skip_zero_advantages=True), updated(some), rtol=0, atol=2e-5)


def test_old_log_probabilities_may_be_the_generators(samples: list[Sample]) -> None:
    torch.testing.assert_close(updated(samples, old_logprobs="generator"), updated(samples), rtol=0, atol=2e-5)

    # As if a generator that is behind had found each token twice as likely: the ratio is one half everywhere, below
    # 1 − epsilon, and counts as clipped where the advantage is negative.
    def twice_as_likely(of: Completion) -> Completion:
        return replace(of, logprobs=tuple(logprob + math.log(2) for logprob in of.logprobs or ()))

    behind = [replace(sample, completion=twice_as_likely(sample.completion)) for sample in samples]
    policy = tiny_policy()
    metrics = Learner(policy, settings(old_logprobs="generator")).update(behind)
    negative = sum(len(s.completion.token_ids) for s in samples if s.advantage < 0)
    assert metrics["clip_ratio/low_mean"] == pytest.approx(negative / sum(len(s.completion.token_ids) for s in samples))
    assert metrics["sampling/sampling_logp_difference/mean"] == pytest.approx(math.log(2), abs=1e-4)


def test_log_probabilities_that_are_needed_and_missing_are_an_error(samples: list[Sample]) -> None:
    bare = [replace(sample, completion=replace(sample.completion, logprobs=None)) for sample in samples]
    assert torch.equal(updated(bare), updated(samples))
    with pytest.raises(PolicyError, match="set it to 'recomputed'"):
        updated(bare, old_logprobs="generator")


def test_a_second_iteration_is_measured_against_the_policy_before_the_first(samples: list[Sample]) -> None:
    learner = Learner(tiny_policy(), settings(num_iterations=4, learning_rate=0.02, lr_scheduler_type="constant"))
    metrics = learner.update(samples)
    assert learner.steps == 4
    assert metrics["clip_ratio/region_mean"] > 0
    once = Learner(tiny_policy(), settings(learning_rate=0.02)).update(samples)
    assert once["clip_ratio/region_mean"] == 0


def test_metrics_have_trls_names_and_tell_the_truth(samples: list[Sample]) -> None:
    policy = tiny_policy()
    policy.reference = tiny_model()
    metrics = Learner(policy, settings(loss=LossSettings(beta=0.1), warmup_steps=2)).update(samples)
    lengths = [len(sample.completion.token_ids) for sample in samples]
    assert metrics["completions/mean_length"] == pytest.approx(sum(lengths) / len(lengths))
    assert metrics["completions/clipped_ratio"] == sum(s.completion.is_truncated for s in samples) / len(samples)
    assert metrics["kl"] == pytest.approx(0.0, abs=1e-6)
    assert metrics["learning_rate"] == 0.0
    assert 0 < metrics["entropy"] < math.log(len(WORDS))
    assert metrics["sampling/sampling_logp_difference/max"] < 1e-4
    assert metrics["grad_norm"] > 0 and metrics["skipped_steps"] == 0
    assert {"loss", "clip_ratio/low_min", "clip_ratio/high_max", "completions/max_terminated_length"} <= set(metrics)


@pytest.mark.parametrize("which", ["none", "flat", "lost", "empty"])
def test_with_nothing_to_learn_weights_stay_and_the_step_counts(samples: list[Sample], which: str) -> None:
    nothing = Completion((), (), "", is_truncated=False)
    given = {
        "none": [],
        "flat": [replace(sample, advantage=0.0) for sample in samples],
        "lost": [replace(sample, is_scored=False) for sample in samples],
        "empty": [replace(sample, completion=nothing) for sample in samples],
    }[which]
    policy = tiny_policy()
    learner = Learner(policy, settings(weight_decay=0.1))
    learner.update(samples)  # so that there is a momentum
    before = weights_of(policy)
    metrics = learner.update(given)
    assert torch.equal(weights_of(policy), before)
    assert learner.steps == 2
    assert metrics["loss"] == 0.0 and metrics["grad_norm"] == 0.0


def test_a_gradient_that_is_no_number_leaves_the_weights_alone(samples: list[Sample]) -> None:
    policy = tiny_policy()
    before = weights_of(policy)
    learner = Learner(policy, settings())
    metrics = learner.update([replace(samples[0], advantage=math.nan), *samples[1:]])
    assert torch.equal(weights_of(policy), before)
    assert metrics["skipped_steps"] == 1
    learner.update(samples)
    assert not torch.equal(weights_of(policy), before) and bool(weights_of(policy).isfinite().all())


def trained_for(learner: Learner, steps: range) -> None:
    for step in steps:
        learner.update(samples_of(learner.policy, step))


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


@pytest.mark.parametrize("name", ["shared", "lora"])
def test_a_run_that_is_restored_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    if name == "lora":
        pytest.importorskip("peft", reason="peft is not installed")
    # With dropout, so that there is something random in the update itself.
    model = ModelSettings(model=str(tiny_folder(tmp_path / "base", attention_dropout=0.2)), device="cpu")
    rates = settings(lr_scheduler_type="cosine", warmup_steps=2, max_steps=8, weight_decay=0.1, num_iterations=2)

    def learner(weights: Path | None = None) -> Learner:
        if name == "lora":
            return Learner(lora(model, LoraSettings(r=2, dropout=0.1), weights=weights).tester, rates)
        return Learner(shared(model, weights=weights).coder, rates)

    straight = learner()
    trained_for(straight, range(2))
    if name == "lora":  # both adapters are in a checkpoint
        Policy("coder", straight.policy.model, straight.policy.tokenizer, adapter="coder").save(tmp_path / "saved")
    straight.policy.save(tmp_path / "saved")
    state = through_a_file(straight.state_dict())
    trained_for(straight, range(2, 4))

    torch.manual_seed(99)
    restored = learner(tmp_path / "saved")
    restored.load_state_dict(state)
    trained_for(restored, range(2, 4))

    assert torch.equal(weights_of(restored.policy), weights_of(straight.policy))
    assert restored.steps == straight.steps == 8


def test_after_a_restore_the_settings_are_those_given_now(samples: list[Sample]) -> None:
    learner = Learner(tiny_policy(), settings())
    learner.update(samples)
    changed = Learner(learner.policy, settings(learning_rate=0.0, weight_decay=0.5, adam_beta1=0.5))
    changed.load_state_dict(through_a_file(learner.state_dict()))
    before = weights_of(changed.policy)
    assert changed.update(samples)["learning_rate"] == 0.0
    assert torch.equal(weights_of(changed.policy), before)
    [first, _] = changed.state_dict()["optimizer"]["param_groups"]
    assert first["weight_decay"] == 0.5 and first["betas"][0] == 0.5


def test_a_state_of_another_policy_or_other_weights_is_refused(samples: list[Sample]) -> None:
    learner = Learner(tiny_policy(), settings())
    learner.update(samples)
    state = learner.state_dict()
    with pytest.raises(UnusableState, match="the state of 'coder', not of 'tester'"):
        Learner(tiny_policy(name="tester"), settings()).load_state_dict(state)
    with pytest.raises(UnusableState, match="does not fit"):
        Learner(tiny_policy(hidden_size=8), settings()).load_state_dict(state)
    with pytest.raises(UnusableState, match="does not fit"):
        learner.load_state_dict({"policy": "coder"})


def test_two_adapters_of_one_base_learn_apart(tmp_path: Path, samples: list[Sample]) -> None:
    pytest.importorskip("peft", reason="peft is not installed")
    model = ModelSettings(model=str(tiny_folder(tmp_path)), device="cpu")
    both = lora(model, LoraSettings(r=2))
    alone = lora(model, LoraSettings(r=2))
    learners = [Learner(policy, settings(loss=LossSettings(beta=0.1))) for policy in both.trained]
    for _ in range(2):
        for learner in learners:
            learner.update(samples)
    before = weights_of(both.tester)
    lone = Learner(alone.coder, settings(loss=LossSettings(beta=0.1)))
    for _ in range(2):
        lone.update(samples)
    assert torch.equal(weights_of(both.coder), weights_of(alone.coder))
    learners[0].update(samples)
    assert torch.equal(weights_of(both.tester), before)


def test_checkpointing_and_bfloat16_give_nearly_the_same_gradient(tmp_path: Path, samples: list[Sample]) -> None:
    folder = str(tiny_folder(tmp_path))

    def norm_and_passes(**more: Any) -> tuple[float, int]:
        """Norm of the gradient, and how often the first layer was run for one micro-batch."""
        policy = shared(ModelSettings(model=folder, device="cpu", **more)).coder
        passes: list[int] = []
        policy.model.model.layers[0].mlp.register_forward_pre_hook(lambda *_: passes.append(1))
        return Learner(policy, settings()).update(samples)["grad_norm"], len(passes)

    (plain, once), (checkpointed, twice), (halved, _) = (
        norm_and_passes(),
        norm_and_passes(gradient_checkpointing=True),
        norm_and_passes(bf16=True),
    )
    assert (once, twice) == (1, 2)
    assert checkpointed == pytest.approx(plain, rel=1e-5)
    assert halved == pytest.approx(plain, rel=0.1) and halved != plain


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValidationError, match="warmup_steps is 5, more than max_steps, 4"):
        UpdateSettings(max_steps=4, warmup_steps=5)
    with pytest.raises(ValidationError, match="learning_rat"):
        UpdateSettings(max_steps=4, learning_rat=1.0)  # type: ignore[call-arg]
