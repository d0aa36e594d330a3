"""Sampling over HTTP: the same replies as in process, and what is said of servers that are gone, busy or strange."""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

pytest.importorskip("torch", reason="the trainer's extra is not installed")
pytest.importorskip("transformers", reason="the trainer's extra is not installed")

from crossjudge.client import Patience
from crossjudge.trainer.generation import (
    Completion,
    GenerationError,
    GenerationRefused,
    Sampling,
    ServerBroke,
    ServerProtocol,
    ServerUnreachable,
)
from crossjudge.trainer.generation.in_process import InProcessGenerator
from crossjudge.trainer.generation.openai_server import OpenAIServerGenerator
from crossjudge.trainer.generation.server import Server
from model_server import ModelServer, Scripted
from tiny_models import EOS, tiny_folder, tiny_policy, tiny_tokenizer, words

PROMPTS = [words(3, 0), words(9, 1), words(1, 2)]
SAMPLING = Sampling(max_completion_length=10, temperature=0.9, top_k=20, stop=("q",))
QUICK = Patience(busy=5.0, unreachable=5.0, first_pause=0.001, longest_pause=0.01)
NONE = Patience(busy=0.0, unreachable=0.0)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(InProcessGenerator(tiny_policy())) as running:
        yield running


def asked(server: ModelServer, n: int = 4, seed: int = 0, **settings: Any) -> list[list[Completion]]:
    generator = OpenAIServerGenerator(Server(server.url, **{"patience": QUICK, **settings}), "tiny")
    return generator.generate(PROMPTS, n, SAMPLING, seed)


def expected(n: int, seed: int = 0) -> list[list[Completion]]:
    """What the model says with the seeds that the requests carry."""
    generator = InProcessGenerator(tiny_policy())
    seeds = [random.Random(f"{seed}/{at}/0").getrandbits(31) for at in range(len(PROMPTS))]
    return [generator.generate([p], n, SAMPLING, s)[0] for p, s in zip(PROMPTS, seeds, strict=True)]


def test_replies_are_the_servers_token_for_token_in_the_order_of_the_prompts(server: ModelServer) -> None:
    found = asked(server)
    assert found == expected(4)
    assert {reply.is_truncated for group in found for reply in group} == {True, False}
    assert len(server.seen) == len(PROMPTS)
    assert asked(server) == found and asked(server, seed=1) != found


def test_a_server_that_gives_fewer_replies_is_asked_again(server: ModelServer) -> None:
    server.most = 3
    found = asked(server, n=7)
    assert [len(group) for group in found] == [7, 7, 7]
    assert sorted(request["n"] for request in server.seen) == [1, 1, 1, 4, 4, 4, 7, 7, 7]
    assert len({request["seed"] for request in server.seen}) == 9


def test_a_server_that_gives_more_replies_is_not_listened_to_the_end(server: ModelServer) -> None:
    choice = {"text": "a", "token_ids": [3], "finish_reason": "stop"}
    server.script += [Scripted(body=json.dumps({"choices": [choice] * 5}))] * len(PROMPTS)
    assert [len(group) for group in asked(server, n=2)] == [2, 2, 2]


def test_what_passes_is_tried_again(server: ModelServer) -> None:
    server.script += [Scripted(503, headers={"Retry-After": "0"}), Scripted(drop=True), Scripted(500), Scripted(429)]
    assert asked(server, in_flight=1) == expected(4)
    assert len(server.seen) == len(PROMPTS) + 4


def test_the_key_is_sent_and_either_form_of_the_url_does(server: ModelServer) -> None:
    generator = OpenAIServerGenerator(Server(server.url + "/v1/", api_key="secret"), "tiny")
    assert generator.generate(PROMPTS[:1], 1, SAMPLING, 0)
    assert server.keys == {"Bearer secret"}
    assert generator.generate([], 1, SAMPLING, 0) == []


def test_a_part_of_the_prompts_has_the_replies_that_it_has_among_all(server: ModelServer) -> None:
    generator = OpenAIServerGenerator(Server(server.url), "tiny")
    assert generator.generate(PROMPTS[1:], 4, SAMPLING, 0, first=1) == expected(4)[1:]


def test_whoever_waits_is_told_once_for_all_requests(server: ModelServer) -> None:
    told: list[str] = []
    server.script += [Scripted(503, '{"error": "loading"}')] * len(PROMPTS)
    asked(server, tell=told.append)
    assert told == [f"the model's server {server.url} is away (loading); waiting for it, 5 s at most"]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Scripted(400, '{"error": {"message": "4,100 tokens"}}'), GenerationRefused, r"400: 4,100 tokens.*form 'text'"),
        (Scripted(401, '{"detail": "no key"}'), GenerationRefused, r"401: no key\); give its API key"),
        (Scripted(404, '{"message": "no model"}'), GenerationRefused, "no model.*a model named 'tiny'"),
        (Scripted(500, "boom"), ServerBroke, r"answered 500 \(boom\)"),
        (Scripted(503, '{"error": "loading"}'), ServerUnreachable, r"answered 503 \(loading\)"),
        (Scripted(drop=True), ServerUnreachable, "is the model's server running"),
        (Scripted(200, "<html>"), ServerProtocol, "something else than completions"),
        (Scripted(200, '{"choices": [{"index": 0}]}'), ServerProtocol, r"choices.0.text: Field required"),
        (Scripted(200, '{"choices": []}'), ServerProtocol, "without choices"),
    ],
)
def test_a_failure_says_what_was_wrong_and_what_to_do(
    server: ModelServer, answer: Scripted, kind: type[GenerationError], words: str
) -> None:
    server.script += [answer] * len(PROMPTS)
    with pytest.raises(kind, match=words) as raised:
        asked(server, patience=NONE)
    assert server.url in str(raised.value)


def test_a_server_that_never_answers_is_given_up(server: ModelServer) -> None:
    server.script += [Scripted(hang=True)] * len(PROMPTS)
    with pytest.raises(ServerUnreachable, match=r"no answer from .* \(none within 0.2 s\)"):
        asked(server, answer_seconds=0.2, patience=NONE)


def test_nobody_there_is_said_to_be_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    generator = OpenAIServerGenerator(Server(url, patience=NONE), "tiny")
    with pytest.raises(ServerUnreachable, match="no answer from"):
        generator.generate(PROMPTS, 1, SAMPLING, 0)


def test_a_server_that_does_not_tell_tokens_is_not_guessed_at(server: ModelServer) -> None:
    server.without = ("token_ids",)
    with pytest.raises(ServerProtocol, match="does not tell the tokens"):
        asked(server)


def test_without_log_probabilities_there_are_none(server: ModelServer) -> None:
    server.without = ("logprobs",)
    found = asked(server)
    assert all(reply.logprobs is None for group in found for reply in group)
    assert [[r.token_ids for r in group] for group in found] == [[r.token_ids for r in group] for group in expected(4)]


def test_log_probabilities_of_some_tokens_only_are_refused(server: ModelServer) -> None:
    choice = '{"choices": [{"text": "a", "token_ids": [3, 4], "logprobs": {"token_logprobs": [-1.0]}}]}'
    server.script += [Scripted(200, choice)] * len(PROMPTS)
    with pytest.raises(ServerProtocol, match="2 tokens and 1 log-probabilities"):
        asked(server)


def test_text_is_tokenised_here_where_a_server_takes_text_alone(server: ModelServer) -> None:
    choices = [{"text": "a b", "finish_reason": "stop"}, {"text": "c", "finish_reason": "length"}]
    server.script.append(Scripted(body=json.dumps({"choices": choices})))
    generator = OpenAIServerGenerator(Server(server.url), "tiny", form="text", tokenizer=tiny_tokenizer())
    [group] = generator.generate([[3, 4, 5]], 2, Sampling(), 0)
    assert server.seen[0]["prompt"] == "a b c"
    assert group == [Completion((3, 4, EOS), None, "a b", False), Completion((5,), None, "c", True)]
    with pytest.raises(ValueError, match="needs the model's tokenizer"):
        OpenAIServerGenerator(Server(server.url), "tiny", form="text")


@pytest.mark.slow
def test_transformers_own_server_is_understood(tmp_path: Path) -> None:
    pytest.importorskip("openai", reason="transformers serve needs openai: pip install 'transformers[serving]'")
    folder = tiny_folder(tmp_path / "tiny", do_sample=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder), "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    serving = subprocess.Popen([*command, "--device", "cpu"], env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", serving)
        serve = Server(f"http://127.0.0.1:{port}", in_flight=1)
        generator = OpenAIServerGenerator(serve, str(folder), form="text", tokenizer=tiny_tokenizer())
        groups = generator.generate(PROMPTS, 3, Sampling(max_completion_length=6), 0)
        with pytest.raises(GenerationRefused, match="form 'text'"):
            OpenAIServerGenerator(serve, str(folder)).generate(PROMPTS, 1, Sampling(), 0)
    finally:
        serving.terminate()
        serving.wait(30)
    assert [len(group) for group in groups] == [3, 3, 3]
    replies = [reply for group in groups for reply in group]
    assert all(0 < len(reply.token_ids) <= 7 and reply.logprobs is None for reply in replies)
    assert all(tiny_tokenizer()(reply.text).input_ids == [t for t in reply.token_ids if t != EOS] for reply in replies)


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, "the server has gone"
        try:
            httpx2.get(url, timeout=5.0)
        except httpx2.RequestError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(url)
