"""Log-probabilities of completions: padding and the size of pieces change nothing."""

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the trainer's extra is not installed")
pytest.importorskip("transformers", reason="the trainer's extra is not installed")

from crossjudge.trainer.policy.logprobs import AT_ONCE, completion_logprobs, token_batch  # noqa: E402
from tiny_models import PAD, WORDS, tiny_model, words  # noqa: E402

CPU = torch.device("cpu")
PROMPTS = [words(3, 0), words(9, 1), words(1, 2)]
COMPLETIONS = [words(5, 3), words(1, 4), words(8, 5)]


def computed(at_once: int = AT_ONCE) -> tuple[Any, Any, Any]:
    """Log-probabilities, entropies, and the gradient of a weighted sum of the former."""
    model = tiny_model()
    batch = token_batch(PROMPTS, COMPLETIONS, PAD, CPU)
    logprobs, entropy = completion_logprobs(model, batch, 0.7, at_once)
    torch.autograd.backward((logprobs * batch.completion_mask * torch.arange(8)).sum())
    return logprobs.detach(), entropy, torch.cat([p.grad.flatten() for p in model.parameters()])


def test_a_completion_in_a_padded_batch_is_worth_what_it_is_alone() -> None:
    logprobs, entropy, _ = computed()
    for row, (prompt, completion) in enumerate(zip(PROMPTS, COMPLETIONS, strict=True)):
        with torch.no_grad():
            logits = tiny_model()(torch.tensor([[*prompt, *completion]])).logits[0, len(prompt) - 1 : -1] / 0.7
        expected = torch.log_softmax(logits, dim=1)
        ids = torch.tensor(completion)
        torch.testing.assert_close(logprobs[row, : len(ids)], expected.gather(1, ids.unsqueeze(1)).squeeze(1))
        torch.testing.assert_close(
            entropy[row, : len(ids)], torch.distributions.Categorical(logits=logits).entropy(), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("at_once", [1, 2 * 8 * len(WORDS)])
def test_the_size_of_pieces_changes_neither_values_nor_gradients(at_once: int) -> None:
    for found, expected in zip(computed(at_once), computed(), strict=True):
        torch.testing.assert_close(found, expected)
