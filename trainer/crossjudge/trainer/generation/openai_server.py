"""Samples from a server that speaks OpenAI's completions API: vLLM, SGLang, transformers serve and others. No torch.

Servers differ in how much they tell, so there are two forms:

- `tokens`, for training: prompts go out as tokens, and replies come back as tokens with their log-probabilities
  (`return_token_ids`, vLLM 0.10.2 or later). Nothing is tokenised twice. At a temperature other than 1, or with top-p
  or top-k, start vLLM with `--logprobs-mode processed_logprobs`, else its log-probabilities are those before that.
- `text`, for any server: text goes out and comes back, and is tokenised here. What comes out may be other tokens of the
  same text than those sampled, and there are no log-probabilities: enough for evaluation, second best for training.

A prompt is one request for all its replies; replies that a server does not give at once (some ignore `n`) are asked for
again. Seeds are sent along; whether equal seeds give equal replies is the server's affair. Every wait is bounded: an
answer has `answer_seconds`, and what usually passes (no connection, 429, 5xx) is tried again for as long as `patience`.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from crossjudge.client import Patience
from crossjudge.client._retry import BUSY, Streak, retry_after_seconds

from .errors import GenerationError, GenerationRefused, ServerBroke, ServerProtocol, ServerUnreachable
from .sampling import Completion, Sampling

CONNECT_SECONDS = 10.0
QUOTED = 300
"""Characters of a server's own words in an error."""


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

    `url` is the server's root or its `/v1`; `model` the name that it serves the model under; `tokenizer` transformers'
    of the same model, needed for the form `text` alone. `in_flight`: how many prompts are asked for at a time.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        form: Literal["tokens", "text"] = "tokens",
        tokenizer: Any = None,
        api_key: str | None = None,
        in_flight: int = 64,
        answer_seconds: float = 600.0,
        patience: Patience | None = None,
    ) -> None:
        if form == "text" and tokenizer is None:
            raise ValueError("form 'text' needs the model's tokenizer")
        root = url.rstrip("/").removesuffix("/v1")
        self._url = f"{root}/v1/completions"
        self._model = model
        self._form = form
        self._tokenizer = tokenizer
        self._in_flight = in_flight
        self._answer_seconds = answer_seconds
        self._patience = patience or Patience()
        self._options: dict[str, Any] = {
            "headers": {"Authorization": f"Bearer {api_key}"} if api_key else {},
            "limits": httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight),
            "timeout": httpx2.Timeout(None, connect=CONNECT_SECONDS),  # `answer_seconds` bounds the whole
            "trust_env": urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"),  # no proxy to this machine
        }

    def generate(
        self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int
    ) -> list[list[Completion]]:
        """`n` replies to each prompt. Raises `GenerationError`: the first that a request meets ends them all.

        Runs an event loop of its own: out of a coroutine, call it with `asyncio.to_thread`.
        """
        return asyncio.run(self._generate(prompts, n, sampling, seed))

    async def _generate(
        self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int
    ) -> list[list[Completion]]:
        turns = asyncio.Semaphore(self._in_flight)

        async def replies(at: int, prompt: Sequence[int]) -> list[Completion]:
            async with turns:
                return await self._replies(client, prompt, n, sampling, f"{seed}/{at}")

        async with httpx2.AsyncClient(**self._options) as client:
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
            answer = await self._ask(client, self._request(prompt, n - len(replies), sampling, seed))
            if not answer.choices:
                raise ServerProtocol(f"{self._url} gave an answer without choices")
            replies += [self._completion(choice, sampling) for choice in answer.choices[: n - len(replies)]]
        return replies

    def _request(self, prompt: Sequence[int], n: int, sampling: Sampling, seed: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._model,
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

    async def _ask(self, client: httpx2.AsyncClient, request: dict[str, Any]) -> _Answer:
        streak = Streak(self._patience)
        while True:
            status, retry_after, detail = None, None, ""
            try:
                async with asyncio.timeout(self._answer_seconds):
                    response = await client.post(self._url, json=request)
            except TimeoutError:
                detail = f"none within {self._answer_seconds:g} s"
            except httpx2.RequestError as error:
                detail = str(error) or type(error).__name__
            else:
                if response.status_code == 200:
                    return self._read(response)
                status, detail = response.status_code, _words(response)
                retry_after = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
                if status < 500 and status not in BUSY:
                    raise self._refusal(status, detail)
            pause = streak.pause_after(status, retry_after, time.monotonic())
            if pause is None:
                raise self._given_up(status, detail, streak.failures)
            await asyncio.sleep(pause)

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

    def _refusal(self, status: int, detail: str) -> GenerationRefused:
        hint = {
            401: "; give its API key",
            403: "; give its API key",
            404: f"; does it serve a model named {self._model!r}? {self._url.removesuffix('completions')}models tells",
        }.get(status, "; a server that takes text alone needs form 'text'" if self._form == "tokens" else "")
        return GenerationRefused(f"{self._url} refuses the request ({status}: {detail}){hint}", status=status)

    def _given_up(self, status: int | None, detail: str, attempts: int) -> ServerUnreachable | ServerBroke:
        if status is None:
            words = f"no answer from {self._url} ({detail}) in {attempts} attempts; is the model's server running?"
            return ServerUnreachable(words, attempts=attempts)
        kind = ServerUnreachable if status in BUSY else ServerBroke
        words = f"{self._url} answered {status} ({detail}) to the last of {attempts} attempts; its log may tell why"
        return kind(words, status=status, attempts=attempts)

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


def _words(response: httpx2.Response) -> str:
    """What the server says is wrong: the message of its JSON, in any of the usual shapes, or the body's beginning."""
    try:
        document = response.json()
    except ValueError:
        document = None
    if isinstance(document, dict):
        error = document.get("error")
        found = (error if isinstance(error, dict) else document).get("message") or document.get("detail") or error
        if found:
            return str(found)[:QUOTED]
    return response.text[:QUOTED].strip() or "no words"
