"""Samples from a server that speaks OpenAI's completions API: vLLM, SGLang, transformers serve and others. No torch.

Servers differ in how much they tell, so there are two forms:

- `tokens`, for training: prompts go out as tokens, and replies come back as tokens with their log-probabilities
  (`return_token_ids`, vLLM 0.10.2 or later). Nothing is tokenised twice. At a temperature other than 1, or with top-p
  or top-k, start vLLM with `--logprobs-mode processed_logprobs`, else its log-probabilities are those before that.
- `text`, for any server: text goes out and comes back, and is tokenised here. What comes out may be other tokens of the
  same text than those sampled, and there are no log-probabilities: enough for evaluation, second best for training.

A prompt is one request for all its replies; replies that a server does not give at once (some ignore `n`) are asked for
again. Seeds are sent along; whether equal seeds give equal replies is the server's affair. `Server` bounds every wait.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Any, Literal

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import GenerationError, ServerProtocol
from .sampling import Completion, Sampling
from .server import Server

COMPLETIONS = "/v1/completions"


class _Logprobs(BaseModel):
    token_logprobs: list[float | None] | None = None


class _Choice(BaseModel):
    text: str
    finish_reason: str | None = None
    token_ids: list[int] | None = None
    logprobs: _Logprobs | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    choices: list[_Choice]


class OpenAIServerGenerator:
    """The `Generator` of a model on a server.

    `model` is the name that the server serves it under, which may change when its weights do; `tokenizer`
    transformers' of the same model, needed for the form `text` alone.
    """

    def __init__(
        self, server: Server, model: str, *, form: Literal["tokens", "text"] = "tokens", tokenizer: Any = None
    ) -> None:
        if form == "text" and tokenizer is None:
            raise ValueError("form 'text' needs the model's tokenizer")
        self.model = model
        self._server = server
        self._url = f"{server.root}{COMPLETIONS}"
        self._form = form
        self._tokenizer = tokenizer

    def generate(
        self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int, first: int = 0
    ) -> list[list[Completion]]:
        """`n` replies to each prompt. Raises `GenerationError`: the first that a request meets ends them all.

        Runs an event loop of its own: out of a coroutine, call it with `asyncio.to_thread`.
        """
        return asyncio.run(self._generate(prompts, n, sampling, seed, first))

    async def _generate(
        self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int, first: int = 0
    ) -> list[list[Completion]]:
        turns = asyncio.Semaphore(self._server.in_flight)

        async def replies(at: int, prompt: Sequence[int]) -> list[Completion]:
            async with turns:
                return await self._replies(client, prompt, n, sampling, f"{seed}/{first + at}")

        async with self._server.connections() as client:
            try:
                async with asyncio.TaskGroup() as group:  # whose first error calls off all that is under way
                    tasks = [group.create_task(replies(at, prompt)) for at, prompt in enumerate(prompts)]
            except* GenerationError as errors:
                raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _replies(
        self, client: httpx2.AsyncClient, prompt: Sequence[int], n: int, sampling: Sampling, name: str
    ) -> list[Completion]:
        """`name` is what the seed of each request is drawn from, so that it depends on the prompt's place alone."""
        replies: list[Completion] = []
        while len(replies) < n:
            seed = random.Random(f"{name}/{len(replies)}").getrandbits(31)
            request = self._request(prompt, n - len(replies), sampling, seed)
            answer = self._read(await self._server.ask(client, COMPLETIONS, request, self._hint))
            if not answer.choices:
                raise ServerProtocol(f"{self._url} gave an answer without choices")
            replies += [self._completion(choice, sampling) for choice in answer.choices[: n - len(replies)]]
        return replies

    def _request(self, prompt: Sequence[int], n: int, sampling: Sampling, seed: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "prompt": list(prompt) if self._form == "tokens" else self._text(prompt),
            "n": n,
            "max_tokens": sampling.max_completion_length,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": seed,
        }
        if sampling.stop:
            request["stop"] = list(sampling.stop)
        if sampling.top_k:  # not OpenAI's: a server that does not know it refuses, which is better than ignoring it
            request["top_k"] = sampling.top_k
        if self._form == "tokens":
            request |= {"logprobs": 1, "return_token_ids": True}
        return request

    def _text(self, prompt: Sequence[int]) -> str:
        # The server's tokenizer puts the token for a beginning there itself, where the model has one.
        begins: list[int] = list(self._tokenizer("").input_ids)
        ids: list[int] = list(prompt)
        if begins and ids[: len(begins)] == begins:
            ids = ids[len(begins) :]
        return str(self._tokenizer.decode(ids, skip_special_tokens=False))

    def _read(self, response: httpx2.Response) -> _Answer:
        try:
            return _Answer.model_validate_json(response.content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            what = f"{place}: {first['msg']}"
            raise ServerProtocol(
                f"{self._url} answers with something else than completions ({what}); is this the model's server?"
            ) from error

    def _hint(self, status: int) -> str:
        if status in (401, 403):
            return "; give its API key"
        if status == 404:
            return f"; does it serve a model named {self.model!r}? {self._server.root}/v1/models tells"
        return "; a server that takes text alone needs form 'text'" if self._form == "tokens" else ""

    def _completion(self, choice: _Choice, sampling: Sampling) -> Completion:
        is_truncated = choice.finish_reason == "length"
        if self._form == "text":
            return Completion(self._tokens(choice, sampling), None, choice.text, is_truncated)
        if choice.token_ids is None:
            raise ServerProtocol(
                f"{self._url} does not tell the tokens of its replies (vLLM does, from 0.10.2 on); form 'text' does "
                "without"
            )
        told = (choice.logprobs.token_logprobs if choice.logprobs else None) or []
        logprobs = tuple(each for each in told if each is not None)
        if logprobs and len(logprobs) != len(choice.token_ids):
            counts = f"{len(choice.token_ids)} tokens and {len(logprobs)} log-probabilities"
            raise ServerProtocol(f"{self._url} gave a reply with {counts}")
        return Completion(tuple(choice.token_ids), logprobs or None, choice.text, is_truncated)

    def _tokens(self, choice: _Choice, sampling: Sampling) -> tuple[int, ...]:
        ids = list(self._tokenizer(choice.text, add_special_tokens=False).input_ids)
        # What ended it is not in its text. With stop strings nobody can tell which of the two it was.
        if choice.finish_reason == "stop" and not sampling.stop:
            ids.append(self._tokenizer.eos_token_id)
        return tuple(ids)
