"""Layouts: who shares what, what is saved and comes back, and what is said of a folder that cannot be used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the trainer's extra is not installed")
pytest.importorskip("transformers", reason="the trainer's extra is not installed")

from crossjudge.trainer.policy.errors import PolicyError, UnusableModel  # noqa: E402
from crossjudge.trainer.policy.folders import ModelSettings  # noqa: E402
from crossjudge.trainer.policy.layouts import Policies, lora, separate, shared  # noqa: E402
from crossjudge.trainer.policy.lora_settings import LoraSettings  # noqa: E402
from crossjudge.trainer.policy.policy import Policy  # noqa: E402
from tiny_models import EOS, tiny_folder, tiny_model, tiny_tokenizer  # noqa: E402

# peft 0.21 asks transformers 5.23 by an old name; theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("base"))


def settings(folder: Path, **more: Any) -> ModelSettings:
    return ModelSettings(model=str(folder), device="cpu", **more)


def layout(name: str, folder: Path, weights: Path | None = None) -> Policies:
    given = settings(folder)
    if name == "lora":
        pytest.importorskip("peft", reason="peft is not installed")
        return lora(given, LoraSettings(r=2), weights=weights)
    if name == "shared":
        return shared(given, weights=weights)
    return separate(given, given, weights=weights)


def answer(policy: Policy) -> Any:
    with torch.no_grad(), policy.active(training=False) as model:
        return model(torch.tensor([[3, 4, 5]])).logits


def moved(policy: Policy, by: float) -> None:
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(by)


@pytest.mark.parametrize("name", ["shared", "lora", "separate"])
def test_every_layout_starts_as_the_model_itself(name: str, base: Path) -> None:
    policies = layout(name, base)
    torch.testing.assert_close(answer(policies.coder), answer(policies.tester))
    torch.testing.assert_close(answer(policies.coder), tiny_model()(torch.tensor([[3, 4, 5]])).logits)


@pytest.mark.parametrize("name", ["lora", "separate"])
def test_what_one_role_learns_the_other_does_not(name: str, base: Path) -> None:
    policies = layout(name, base)
    before = answer(policies.tester)
    moved(policies.coder, 0.1)
    assert torch.equal(answer(policies.tester), before)
    assert not torch.allclose(answer(policies.coder), before)
    coder, tester = ({id(p) for p in policy.parameters()} for policy in policies.trained)
    assert coder and tester and not coder & tester


def test_in_the_shared_layout_there_is_one_policy(base: Path) -> None:
    policies = layout("shared", base)
    assert policies.trained == (policies.coder,) and policies.coder is policies.tester


def test_the_lora_layout_trains_its_adapters_and_holds_one_base(base: Path) -> None:
    policies = layout("lora", base)
    assert policies.coder.model is policies.tester.model
    names = {name for name, p in policies.coder.model.named_parameters() if any(p is q for q in trained(policies))}
    assert names and all("lora_" in name for name in names)


def trained(policies: Policies) -> list[Any]:
    return [parameter for policy in policies.trained for parameter in policy.parameters()]


@pytest.mark.parametrize("name", ["shared", "lora", "separate"])
def test_what_is_saved_comes_back_bit_for_bit(name: str, base: Path, tmp_path: Path) -> None:
    policies = layout(name, base)
    for at, policy in enumerate(policies.trained):
        moved(policy, 0.1 * (at + 1))
    policies.save(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {policy.name for policy in policies.trained}
    again = layout(name, base, weights=tmp_path)
    for policy, loaded in zip(policies.trained, again.trained, strict=True):
        assert torch.equal(answer(policy), answer(loaded))
        assert all(torch.equal(p, q) for p, q in zip(policy.parameters(), loaded.parameters(), strict=True))
        assert all(parameter.requires_grad for parameter in active_parameters(loaded))


def active_parameters(policy: Policy) -> list[Any]:
    with policy.active(training=True):
        return policy.parameters()


def test_a_saved_policy_is_a_hugging_face_folder(base: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    policies = layout("separate", base)
    moved(policies.tester, 0.3)
    policies.save(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "tester")
    torch.testing.assert_close(model(torch.tensor([[3, 4, 5]])).logits, answer(policies.tester))
    assert AutoTokenizer.from_pretrained(tmp_path / "tester").eos_token_id == EOS


def test_the_reference_is_the_first_model_after_a_checkpoint_too(base: Path, tmp_path: Path) -> None:
    first = answer(layout("shared", base).coder)
    policies = shared(settings(base), with_reference=True)
    moved(policies.coder, 0.1)
    policies.save(tmp_path)
    again = shared(settings(base), with_reference=True, weights=tmp_path)
    for each in (policies.coder, again.coder):
        with torch.no_grad(), each.as_reference() as model:
            assert torch.equal(model(torch.tensor([[3, 4, 5]])).logits, first)
        assert not torch.allclose(answer(each), first)


def test_the_reference_of_an_adapter_is_its_base(base: Path) -> None:
    policies = layout("lora", base)
    first = answer(policies.tester)
    moved(policies.tester, 0.1)
    with torch.no_grad(), policies.tester.as_reference() as model:
        assert torch.equal(model(torch.tensor([[3, 4, 5]])).logits, first)
    assert not torch.allclose(answer(policies.tester), first)


def test_without_a_reference_none_is_made_up(base: Path) -> None:
    with (
        pytest.raises(PolicyError, match="policy has no reference policy"),
        layout("shared", base).coder.as_reference(),
    ):
        pass


def test_adapters_are_drawn_from_the_seed_and_nothing_else(base: Path) -> None:
    pytest.importorskip("peft", reason="peft is not installed")

    def first_weights(seed: int) -> Any:
        return trained(lora(settings(base), LoraSettings(r=2), seed=seed))[0]

    torch.manual_seed(1)
    one = first_weights(3)
    torch.manual_seed(2)
    state = torch.random.get_rng_state()
    assert torch.equal(first_weights(3), one)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not torch.equal(first_weights(4), one)


def test_weights_and_computation_in_bfloat16(base: Path) -> None:
    halved = shared(settings(base, dtype="bfloat16")).coder
    assert {p.dtype for p in halved.parameters()} == {torch.bfloat16}
    mixed = shared(settings(base, bf16=True)).coder
    assert {p.dtype for p in mixed.parameters()} == {torch.float32}
    assert answer(mixed).dtype == torch.bfloat16
    torch.testing.assert_close(answer(mixed).float(), answer(layout("shared", base).coder), rtol=0.1, atol=0.1)


def nothing(folder: Path) -> Path:
    return folder / "absent"


def a_file(folder: Path) -> Path:
    (folder / "file").write_text("")
    return folder / "file"


def no_model(folder: Path) -> Path:
    tiny_tokenizer().save_pretrained(folder)
    return folder


def no_weights(folder: Path) -> Path:
    tiny_tokenizer().save_pretrained(folder)
    tiny_model().config.save_pretrained(folder)
    return folder


def no_tokenizer(folder: Path) -> Path:
    tiny_model().save_pretrained(folder)
    return folder


def no_end(folder: Path) -> Path:
    tiny_model().save_pretrained(folder)
    tiny_tokenizer(eos_token=None).save_pretrained(folder)
    return folder


def small_embedding(folder: Path) -> Path:
    tiny_model(vocab_size=20).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (nothing, "there is no folder"),
        (a_file, "is a file; a model is a folder"),
        (no_model, "holds no config.json"),
        (no_weights, "no causal language model could be loaded"),
        (no_tokenizer, "no tokenizer could be loaded .* tokenizer.save_pretrained"),
        (no_end, "no end-of-sequence token.*set tokenizer.eos_token"),
        (small_embedding, r"29 tokens and its embedding 20 rows.*resize_token_embeddings\(29\)"),
    ],
)
def test_a_folder_that_cannot_be_used_is_named_with_what_to_do(
    make: Callable[[Path], Path], words: str, tmp_path: Path
) -> None:
    folder = make(tmp_path)
    with pytest.raises(UnusableModel, match=words) as raised:
        shared(settings(folder))
    assert str(folder) in str(raised.value)


def test_a_tokenizer_without_a_pad_token_pads_with_its_end(tmp_path: Path) -> None:
    tiny_model().save_pretrained(tmp_path)
    tiny_tokenizer(pad_token=None).save_pretrained(tmp_path)
    assert shared(settings(tmp_path)).coder.pad_id == EOS


def test_a_device_that_is_not_there_is_named(base: Path) -> None:
    for device in ("tpu-9", "cuda:77"):
        with pytest.raises(UnusableModel, match=f"device '{device}' cannot be used"):
            shared(ModelSettings(model=str(base), device=device))


def test_adapters_for_what_the_model_lacks_are_refused(base: Path) -> None:
    pytest.importorskip("peft", reason="peft is not installed")
    with pytest.raises(UnusableModel, match="no adapters could be made"):
        lora(settings(base), LoraSettings(target_modules=("no_such_projection",)))


def test_a_checkpoint_without_adapters_is_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=r"no adapter_config.json"):
        layout("lora", base, weights=tmp_path)
