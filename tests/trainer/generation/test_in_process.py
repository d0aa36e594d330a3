"""Sampling in process: log-probabilities are the model's, draws are the seed's, and replies end where they must."""

from collections import Counter
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the trainer's extra is not installed")
pytest.importorskip("transformers", reason="the trainer's extra is not installed")

from crossjudge.trainer.generation import Completion, GenerationError, PromptTooLong, Sampling  # noqa: E402
from crossjudge.trainer.generation.in_process import InProcessGenerator, draw  # noqa: E402
from crossjudge.trainer.generation.shared_out import SharedOutGenerator  # noqa: E402
from crossjudge.trainer.policy.logprobs import completion_logprobs, token_batch  # noqa: E402
from crossjudge.trainer.policy.policy import Policy  # noqa: E402
from crossjudge.trainer.processes import Processes  # noqa: E402
from joined_threads import joined  # noqa: E402
from tiny_models import EOS, PAD, UNKNOWN, WORDS, tiny_policy, tiny_tokenizer, words  # noqa: E402

PROMPTS = [words(3, 0), words(9, 1), words(1, 2), words(6, 3)]
LONGEST = 12


def sampled(seed: int = 0, n: int = 8, batch_size: int = 256, **sampling: Any) -> list[list[Completion]]:
    generator = InProcessGenerator(tiny_policy(), batch_size)
    return generator.generate(PROMPTS, n, Sampling(**{"max_completion_length": LONGEST, **sampling}), seed)


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.3])
def test_log_probabilities_are_those_of_a_forward_pass(temperature: float) -> None:
    replies = sampled(temperature=temperature)
    rows = [(prompt, reply) for prompt, group in zip(PROMPTS, replies, strict=True) for reply in group]
    batch = token_batch([p for p, _ in rows], [r.token_ids for _, r in rows], PAD, torch.device("cpu"))
    with torch.no_grad():
        expected, _ = completion_logprobs(tiny_policy().model, batch, temperature)
    for (_, reply), found in zip(rows, expected.tolist(), strict=True):
        assert reply.logprobs == pytest.approx(found[: len(reply.token_ids)], abs=1e-4)
    assert len({len(reply.token_ids) for _, reply in rows}) > 3, "replies of many lengths, or this says little"


def test_in_bfloat16_the_log_probabilities_are_near_those_of_float32() -> None:
    policy = tiny_policy()
    policy.bf16 = True
    replies = InProcessGenerator(policy).generate(PROMPTS, 8, Sampling(max_completion_length=LONGEST), 0)
    rows = [(prompt, reply) for prompt, group in zip(PROMPTS, replies, strict=True) for reply in group]
    batch = token_batch([p for p, _ in rows], [r.token_ids for _, r in rows], PAD, torch.device("cpu"))
    with torch.no_grad():
        expected, _ = completion_logprobs(policy.model, batch, 1.0)
    differences = [
        abs(one - other)
        for (_, reply), found in zip(rows, expected.tolist(), strict=True)
        for one, other in zip(reply.logprobs or (), found, strict=False)
    ]
    assert 1e-5 < sum(differences) / len(differences) < 0.05


SMALL = {
    "vocab_size": len(WORDS),
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,
    "pad_token_id": PAD,
    "bos_token_id": None,
    "eos_token_id": EOS,
}
LINEAR = {
    "layer_types": ["linear_attention", "full_attention"],
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
ABSOLUTE = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}


def other_policy(family: str, **config: Any) -> Policy:
    transformers = pytest.importorskip("transformers")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        settings = transformers.AutoConfig.for_model(family, **config)
        model = transformers.AutoModelForCausalLM.from_config(settings)
    return Policy("coder", model.eval(), tiny_tokenizer())


@pytest.mark.parametrize(
    ("family", "config"),
    [
        ("qwen2", SMALL),
        ("gemma2", SMALL | {"sliding_window": 6}),  # forgets, and squashes its logits
        ("gpt2", SMALL | ABSOLUTE),  # counts positions from the first token
        ("qwen3_next", SMALL | LINEAR),  # a state in place of some layers' cache
    ],
)
def test_other_families_of_models_are_sampled_as_they_are_trained(family: str, config: dict[str, Any]) -> None:
    policy = other_policy(family, **config)
    replies = InProcessGenerator(policy).generate(PROMPTS, 4, Sampling(max_completion_length=LONGEST), 0)
    rows = [(prompt, reply) for prompt, group in zip(PROMPTS, replies, strict=True) for reply in group]
    batch = token_batch([p for p, _ in rows], [r.token_ids for _, r in rows], PAD, torch.device("cpu"))
    with torch.no_grad():
        expected, _ = completion_logprobs(policy.model, batch, 1.0)
    for (_, reply), found in zip(rows, expected.tolist(), strict=True):
        assert reply.logprobs == pytest.approx(found[: len(reply.token_ids)], abs=1e-4)


def test_a_model_without_a_cache_is_refused() -> None:
    policy = other_policy("mamba", vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, state_size=4)
    with pytest.raises(GenerationError, match="MambaForCausalLM remembers nothing between tokens"):
        InProcessGenerator(policy).generate(PROMPTS, 2, Sampling(max_completion_length=4), 0)


def test_equal_seeds_give_equal_replies_bit_for_bit_and_others_do_not() -> None:
    torch.manual_seed(1)
    first = sampled(seed=5)
    torch.manual_seed(2)
    assert sampled(seed=5) == first
    assert sampled(seed=6) != first


def test_sampling_leaves_torchs_own_random_numbers_alone() -> None:
    before = torch.random.get_rng_state()
    sampled()
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("batch_size", [1, 9, 17])
def test_how_many_replies_grow_side_by_side_changes_no_reply(batch_size: int) -> None:
    few, all_at_once = sampled(batch_size=batch_size), sampled()
    assert [[reply.token_ids for reply in group] for group in few] == [
        [reply.token_ids for reply in group] for group in all_at_once
    ]


def test_a_part_of_the_prompts_has_the_replies_that_it_has_among_all() -> None:
    generator = InProcessGenerator(tiny_policy())
    some = generator.generate(PROMPTS[2:], 8, Sampling(max_completion_length=LONGEST), 0, first=2)
    assert [[reply.token_ids for reply in group] for group in some] == [
        [reply.token_ids for reply in group] for group in sampled()[2:]
    ]


@pytest.mark.parametrize("count", [2, 6])
def test_processes_that_share_the_prompts_out_get_the_replies_of_one(count: int) -> None:
    policies = [tiny_policy() for _ in range(count)]  # here, because a model is drawn from torch's one random state

    def replies(each: Processes) -> list[list[Completion]]:
        own = SharedOutGenerator(InProcessGenerator(policies[each.rank]), each)
        return own.generate(PROMPTS, 8, Sampling(max_completion_length=LONGEST), 0)

    alone = [[reply.token_ids for reply in group] for group in sampled()]
    for found in joined(count, replies):
        assert [[reply.token_ids for reply in group] for group in found] == alone


def test_each_prompt_has_its_replies_in_its_place() -> None:
    groups = sampled(n=3)
    assert [len(group) for group in groups] == [3] * len(PROMPTS)
    generator = InProcessGenerator(tiny_policy())
    alone = generator.generate(PROMPTS[:1], 3, Sampling(max_completion_length=LONGEST), 0)
    assert [reply.token_ids for reply in alone[0]] == [reply.token_ids for reply in groups[0]]
    assert generator.generate([], 3, Sampling(), 0) == []
    assert generator.generate(PROMPTS, 0, Sampling(max_completion_length=1), 0) == [[]] * len(PROMPTS)


def test_a_reply_ends_with_its_end_token_or_is_truncated() -> None:
    replies = [reply for group in sampled(n=32) for reply in group]
    for reply in replies:
        assert EOS not in reply.token_ids[:-1]
        assert reply.is_truncated == (reply.token_ids[-1] != EOS)
        assert not reply.is_truncated or len(reply.token_ids) == LONGEST
        assert "<eos>" not in reply.text
        assert reply.text.split() == [WORDS[token] for token in reply.token_ids if token > UNKNOWN]
    assert {reply.is_truncated for reply in replies} == {True, False}


def test_every_end_token_that_the_model_names_ends_a_reply() -> None:
    policy = tiny_policy()
    policy.model.generation_config.eos_token_id = [EOS, 7]
    [group] = InProcessGenerator(policy).generate(PROMPTS[:1], 64, Sampling(max_completion_length=LONGEST), 0)
    ends = Counter(reply.token_ids[-1] for reply in group if not reply.is_truncated)
    assert set(ends) == {EOS, 7}


def test_a_stop_string_ends_a_reply_and_its_text_stops_before_it() -> None:
    replies = [reply for group in sampled(n=32, stop=("c d", "q")) for reply in group]
    stopped = [reply for reply in replies if not reply.is_truncated and reply.token_ids[-1] != EOS]
    assert stopped
    for reply in stopped:
        tail = [WORDS[token] for token in reply.token_ids]
        assert tail[-1] == "q" or tail[-2:] == ["c", "d"]
    for reply in replies:
        assert "q" not in reply.text and "c d" not in reply.text


def test_temperature_zero_takes_the_likeliest_token() -> None:
    groups = sampled(n=2, temperature=0.0)
    for prompt, group in zip(PROMPTS, groups, strict=True):
        assert group[0] == group[1]
        assert set(group[0].logprobs or ()) == {0.0}
        with torch.no_grad():
            logits = tiny_policy().model(torch.tensor([[*prompt, *group[0].token_ids]])).logits[0]
        assert logits.argmax(1)[len(prompt) - 1 : -1].tolist() == list(group[0].token_ids)


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([[0.0, 1.0, -1.0, 2.0, -torch.inf]])
    uniform = torch.rand(20_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    tokens, logprobs = draw(logits.expand(len(uniform), -1), uniform, Sampling(temperature=1.5))
    expected = torch.softmax(logits[0] / 1.5, 0)
    shares = torch.bincount(tokens, minlength=5) / len(uniform)
    assert (shares - expected).abs().max() < 0.015
    torch.testing.assert_close(logprobs, expected.log()[tokens])


def test_top_k_and_top_p_cut_the_unlikely_and_the_rest_is_scaled_up() -> None:
    logits = torch.tensor([0.4, 0.3, 0.2, 0.1]).log().expand(1_000, -1)
    uniform = torch.rand(1_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for sampling, left in (
        (Sampling(top_k=2), [4 / 7, 3 / 7]),
        (Sampling(top_p=0.65), [4 / 7, 3 / 7]),
        (Sampling(top_p=0.75), [4 / 9, 3 / 9, 2 / 9]),
        (Sampling(top_k=3, top_p=0.7), [4 / 7, 3 / 7]),  # top-p of what top-k leaves: 0.44 + 0.33 ≥ 0.7
        (Sampling(top_p=0.1), [1.0]),
        (Sampling(top_k=99), [0.4, 0.3, 0.2, 0.1]),
    ):
        tokens, logprobs = draw(logits, uniform, sampling)
        assert set(tokens.tolist()) == set(range(len(left)))
        torch.testing.assert_close(logprobs, torch.tensor(left).log()[tokens])


def test_the_ends_of_the_unit_interval_draw_possible_tokens() -> None:
    logits = torch.tensor([[-torch.inf, 0.0, 0.0, -torch.inf]])
    edges = torch.tensor([0.0, 1.0 - 2**-53], dtype=torch.float64)
    tokens, _ = draw(logits.expand(2, -1), edges, Sampling())
    assert tokens.tolist() == [1, 2]


def test_a_prompt_that_does_not_fit_is_refused_and_named() -> None:
    generator = InProcessGenerator(tiny_policy())
    with pytest.raises(PromptTooLong, match=r"prompt 1 has 60 tokens .* coder's context holds 64"):
        generator.generate([words(3, 0), words(60, 0)], 1, Sampling(max_completion_length=5), 0)
    with pytest.raises(PromptTooLong, match="prompt 0 has no tokens"):
        generator.generate([[]], 1, Sampling(max_completion_length=5), 0)
