"""Samples that come one at a time: they wait for one another, are judged once, and each gets its own reward."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis import Redis

from crossjudge.contracts import ProblemDetails, RewardParts, SampleAnswer
from crossjudge.contracts.queue import PROTOCOL_KEY
from crossjudge.service.embedded import EmbeddedRedis
from crossjudge.service.groups import barrier, judging
from crossjudge.service.groups.barrier import group_keys
from crossjudge.service.groups.sample import group_id
from crossjudge.service.settings import ServiceSettings
from played_worker import PlayedWorker

from .conftest import live_service, service_process
from .test_bad_input import nested
from .test_waiting import wait_for_waiters

TESTS = ["assert f(0)", "assert f(1)"]


class Callers:
    """Post samples from threads, each as a trainer's coroutine would."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(40)

    def post(
        self, url: str, key: str, body: dict[str, Any], *, wait: float | None = None, **headers: str
    ) -> Future[httpx2.Response]:
        params = {} if wait is None else {"wait": wait}
        named = {"Content-Type": "application/json", **{name.replace("_", "-"): said for name, said in headers.items()}}
        return self._pool.submit(
            httpx2.post, f"{url}/v1/groups/{key}/samples", content=json.dumps(body), params=params, headers=named,
            timeout=60,
        )  # fmt: skip

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def callers() -> Iterator[Callers]:
    callers = Callers()
    yield callers
    callers.close()


@pytest.fixture(scope="module")
def elsewhere(redis_server: EmbeddedRedis) -> Iterator[str]:
    """The URL of another service, a process of its own, on the same Redis."""
    with service_process(redis_server.url) as (url, _):
        yield url


def solution(text: str, size: int = 2, **more: Any) -> dict[str, Any]:
    return {"size": size, "solution": text, "problem": {"tests": TESTS}, **more}


def judged(posted: Future[httpx2.Response] | httpx2.Response) -> SampleAnswer:
    answer = posted if isinstance(posted, httpx2.Response) else posted.result(60)
    assert answer.status_code == 200, answer.text
    return SampleAnswer.model_validate(answer.json())


def refused(posted: Future[httpx2.Response] | httpx2.Response, status: int) -> ProblemDetails:
    answer = posted if isinstance(posted, httpx2.Response) else posted.result(60)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return ProblemDetails.model_validate(answer.json())


def keys_of(key: str, run: str = "default") -> list[str]:
    return group_keys(group_id("", run, key))


def test_samples_at_two_services_are_judged_together_and_each_gets_its_own_row(
    service: str, elsewhere: str, worker: PlayedWorker, callers: Callers
) -> None:
    texts = ["PP", "PF", "FF", "TP", "PP", "EP"]
    with worker.working():
        posted = [
            callers.post((service, elsewhere)[i % 2], "step-1", solution(text, 6)) for i, text in enumerate(texts)
        ]
        answers = [judged(each) for each in posted]

    assert [answer.row for answer in answers] == texts
    assert [answer.reward for answer in answers] == [1.0, 0.5, 0.0, 0.5, 1.0, 0.5]
    assert sorted(answer.index or 0 for answer in answers) == list(range(6))
    assert len({answer.batch for answer in answers}) == 1 and len({answer.sample for answer in answers}) == 6
    assert {(answer.key, answer.came, answer.size, answer.status) for answer in answers} == {("step-1", 6, 6, "judged")}


def test_the_group_is_one_ordinary_batch_of_its_run(
    http: httpx2.Client, service: str, worker: PlayedWorker, callers: Callers
) -> None:
    order: dict[str, Any] = {
        "run": "a-run",
        "isolation": "shared",
        "detail": ["outputs", "timings"],
        "limits": {"cpu_seconds": 1.5},
    }
    with worker.working():
        posted = [callers.post(service, "k", solution(text, **order)) for text in ("PF", "FP")]
        answers = [judged(each) for each in posted]

    status = http.get(f"/v1/batches/{answers[0].batch}").json()
    assert status["run"] == "a-run" and status["cells"]["total"] == 4
    assert sorted(status["problems"][0]["matrix"]) == ["FP", "PF"]
    for answer in answers:
        assert answer.index is not None and status["problems"][0]["matrix"][answer.index] == answer.row
        assert answer.outputs == [f"{answer.row!r}:0", f"{answer.row!r}:1"]
        assert answer.cells is not None and answer.cells[0].cpu_ms == 1.5
    assert [batch["id"] for batch in http.get("/v1/batches?run=a-run").json()["batches"]] == [answers[0].batch]


def test_a_mixed_group_is_judged_against_each_other_and_the_problems_own(
    service: str, worker: PlayedWorker, callers: Callers
) -> None:
    problem = {"solutions": ["PPP"], "tests": ["assert f(0)"], "entry_point": "f"}
    samples: list[dict[str, Any]] = [
        {"solution": "PFP"},
        {"test": "assert f(1)"},
        {"test": {"kind": "call", "args": [2], "expected": 3}},
    ]
    with worker.working():
        posted = [callers.post(service, "k", {"size": 3, "problem": problem, **sample}) for sample in samples]
        coder, *testers = [judged(each) for each in posted]

    assert (coder.row, coder.index, coder.column, coder.test) == ("PFP", 1, None, None)
    by_index = {tester.index: tester for tester in testers}
    assert {index: tester.column for index, tester in by_index.items()} == {1: "PF", 2: "PP"}
    assert by_index[1].reward == 0.5 and by_index[1].parts == RewardParts(validity=0.5, discrimination=1.0)
    assert by_index[2].reward == 0.0 and by_index[2].test is not None and by_index[2].row is None


def test_each_sample_names_the_reward_that_it_wants(service: str, worker: PlayedWorker, callers: Callers) -> None:
    with worker.working():
        posted = [
            callers.post(service, "k", solution("PF", reward=reward)) for reward in ("pass_rate", "all_or_nothing")
        ]
        assert [judged(each).reward for each in posted] == [0.5, 0.0]


def test_a_sample_that_is_sent_again_counts_once_and_gets_the_same_answer(
    service: str, elsewhere: str, worker: PlayedWorker, callers: Callers
) -> None:
    both = (service, elsewhere)
    twice = [callers.post(url, "k", solution("PF", sample="a")) for url in both]
    by_header = [callers.post(url, "k", solution("PF"), Idempotency_Key="a") for url in both]
    for url in both:
        wait_for_waiters(url, 2)
    waiting = callers.post(service, "k", solution("PF", sample="a"), wait=0).result(60)
    with worker.working():
        other = judged(callers.post(elsewhere, "k", solution("FF", sample="b")))
        answers = [judged(each) for each in [*twice, *by_header]]
        later = judged(callers.post(service, "k", solution("PF", sample="a")))

    assert (waiting.status_code, waiting.json()["came"], waiting.json()["status"]) == (202, 1, "waiting")
    assert answers == [later] * 4 and later.row == "PF" and later.came == 2
    assert (other.sample, other.row) == ("b", "FF")


def test_a_caller_may_come_back_instead_of_waiting(service: str, worker: PlayedWorker, callers: Callers) -> None:
    waiting = callers.post(service, "k", solution("PP"), wait=0).result(60)
    name = waiting.json()["sample"]
    judging = callers.post(service, "k", solution("PF"), wait=0).result(60)
    worker.work()
    came_back = judged(callers.post(service, "k", solution("PP", sample=name), wait=20))

    assert (waiting.status_code, judging.status_code) == (202, 202)
    assert waiting.json() | {"sample": ""} == {
        "key": "k", "run": "default", "sample": "", "status": "waiting", "size": 2, "came": 1, "batch": None,
        "index": None, "row": None, "column": None, "solution": None, "test": None, "outputs": None, "cells": None,
        "reward": None, "parts": None, "reason": None,
    }  # fmt: skip
    assert judging.json()["status"] == "judging" and judging.json()["batch"] == came_back.batch
    assert (came_back.sample, came_back.reward) == (name, 1.0)


def test_past_the_deadline_everyone_is_told_how_many_came_and_the_group_is_over(
    redis_url: str, service: str, elsewhere: str, callers: Callers
) -> None:
    one, two = service, elsewhere
    waiting = [callers.post(url, "k", solution("PP", 3, deadline_seconds=1.5, sample=url)) for url in (one, two)]
    said = [refused(each, 409).detail for each in waiting]
    slow = refused(callers.post(two, "k", solution("PF", 3)), 409).detail
    again = refused(callers.post(one, "k", solution("PP", 3, sample=one)), 409).detail
    with Redis.from_url(redis_url) as redis:
        left = [redis.ttl(key) for key in keys_of("k")]
        kept = redis.hgetall(keys_of("k")[0])

    assert len({*said, slow, again}) == 1 and "2 of 3 samples" in slow
    assert 0 < left[0] <= barrier.LINGER_SECONDS + 2 and 0 < left[1] <= barrier.LINGER_SECONDS + 2
    assert left[2] == -2 and b"terms" not in kept, "what nobody will judge is not kept"


def test_the_earliest_deadline_counts(service: str, callers: Callers) -> None:
    patient = callers.post(service, "k", solution("PP", 3))
    wait_for_waiters(service, 1)
    hasty = callers.post(service, "k", solution("PF", 3, deadline_seconds=0.3))

    assert "2 of 3" in refused(patient, 409).detail and "2 of 3" in refused(hasty, 409).detail


def test_a_key_names_one_group_and_epochs_do_not_mix(
    redis_url: str, service: str, worker: PlayedWorker, callers: Callers
) -> None:
    with worker.working():
        first = [callers.post(service, "k", solution(text, sample=text)) for text in ("PP", "PF")]
        before = [judged(each) for each in first]
        said = refused(callers.post(service, "k", solution("PP", sample="another")), 409).detail
        reused = refused(callers.post(service, "k", solution("FF", sample="PP")), 409).detail
        nameless = refused(callers.post(service, "k", solution("PP")), 409).detail
        after = [judged(callers.post(service, "k", solution(text, sample=text))) for text in ("PP", "PF")]
        with Redis.from_url(redis_url) as redis:
            assert all(0 < redis.ttl(key) <= 3600 for key in keys_of("k")[:2]) and not redis.exists(keys_of("k")[2])
            redis.delete(*keys_of("k"))  # as they expire
        second = [callers.post(service, "k", solution(text, sample=text)) for text in ("FF", "FP")]
        anew = [judged(each) for each in second]

    assert after == before
    assert "complete" in said and said == nameless and "another text" in reused
    assert [answer.row for answer in anew] == ["FF", "FP"] and anew[0].batch != before[0].batch


def test_where_too_many_come_at_once_as_many_as_the_group_has_are_judged_and_the_others_told(
    service: str, elsewhere: str, worker: PlayedWorker, callers: Callers
) -> None:
    with worker.working():
        posted = [callers.post(url, "k", solution("PF", 9)) for url in [service, elsewhere] * 8]
        answers = [each.result(60) for each in posted]

    judged_ones = [judged(answer) for answer in answers if answer.status_code == 200]
    assert sorted(answer.index or 0 for answer in judged_ones) == list(range(9))
    assert all("complete" in refused(answer, 409).detail for answer in answers if answer.status_code != 200)


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"size": 4}, "$.size", "3 before, 4 now"),
        ({"problem": {"tests": [*TESTS, "1"]}}, "$.problem.tests", "a list of 2"),
        ({"problem": {"tests": ["assert f(0)", "assert f(2)"]}}, "$.problem.tests", "a list of 2"),
        ({"problem": {"tests": TESTS, "prelude": "x = 1"}}, "$.problem.prelude", "'' before, 'x = 1' now"),
        ({"limits": {"cpu_seconds": 1}}, "$.limits.cpu_seconds", "2.0 before, 1.0 now"),
        ({"isolation": "shared"}, "$.isolation", "'split' before, 'shared' now"),
    ],
)  # fmt: skip
def test_samples_that_disagree_are_told_what_differs(
    service: str, callers: Callers, change: dict[str, Any], path: str, said: str
) -> None:
    callers.post(service, "k", solution("PP", 3, sample="a"), wait=0).result(60)

    for name in ("b", "a"):
        details = refused(callers.post(service, "k", solution("PP", 3, sample=name) | change), 409)
        assert [error.path for error in details.errors] == [path]
        assert said in details.errors[0].detail and path in details.detail
    status = callers.post(service, "k", solution("PP", 3, sample="a", limits={}), wait=0).result(60).json()
    assert status["came"] == 1, "what is spelled out and what is left out are the same"


def test_keys_and_runs_do_not_meet(service: str, worker: PlayedWorker, callers: Callers) -> None:
    places = [("a", "one"), ("a", "two"), ("b", "one"), ("a%2Fb", "one"), ("a//b", "one"), ("é", "one")]
    texts = ["PP", "PF", "FP", "FF", "TT", "TP"]
    posted = [
        callers.post(service, key, solution(text, run=run, sample=f"{n}"))
        for (key, run), text in zip(places, texts, strict=True)
        for n in range(2)
    ]
    with worker.working():
        answers = [judged(each) for each in posted]

    assert [answer.row for answer in answers] == [text for text in texts for _ in range(2)]
    assert len({answer.batch for answer in answers}) == len(places)
    assert {answer.key for answer in answers} == {"a", "b", "a/b", "a//b", "é"}


def test_whatever_a_model_wrote_is_a_sample(redis_url: str, worker: PlayedWorker, callers: Callers) -> None:
    long_integer = '{"kind": "call", "args": [%s], "expected": 1}' % ("7" * 5000)
    ugly = ["", "\x00", "\ud800\udfff", "#" * 1_200_000, '"}]', "\u2028<script>"]
    tests = [
        *ugly[:5],
        *({"kind": "call", "expected": nested(n)} for n in (101, 300, 900)),
        {"kind": "call", "expected": 1.0},
    ]
    problem = {"entry_point": "f", "solutions": ["P"], "tests": ["1"]}
    size = len(ugly) + len(tests) + 1
    with live_service(ServiceSettings(redis_url=redis_url)) as url, worker.working():
        posted = [callers.post(url, "k", {"size": size, "solution": text, "problem": problem}) for text in ugly]
        posted += [callers.post(url, "k", {"size": size, "test": test, "problem": problem}) for test in tests]
        body = json.dumps({"size": size, "test": "TEST", "problem": problem}).replace('"TEST"', long_integer)
        answer = httpx2.post(
            f"{url}/v1/groups/k/samples", content=body, headers={"Content-Type": "application/json"}, timeout=60
        )
        answers = [judged(each) for each in posted]

    assert {each.batch for each in answers} == {judged(answer).batch}
    large = answers[3]
    assert large.solution is not None and large.solution.status == "too_large" and large.reward == 0.0
    assert answers[0].row is not None and len(answers[0].row) == 1 + len(tests) + 1
    told = judged(answer).test
    assert told is not None and told.status == "too_large" and "integer of 5,000 digits" in str(told.message)
    for deep in answers[len(ugly) + 5 : len(ugly) + 8]:
        assert deep.test is not None and "levels deep" in str(deep.test.message)


def test_where_nothing_could_be_judged_there_is_no_reward_but_a_reason(
    service: str, worker: PlayedWorker, callers: Callers
) -> None:
    with worker.working():
        posted = [callers.post(service, "k", solution(text)) for text in ("XX", "XP")]
        lost, half = [judged(each) for each in posted]

    assert (lost.row, lost.reward) == ("XX", None) and "could be judged" in str(lost.reason)
    assert (half.row, half.reward, half.parts) == ("XP", 1.0, RewardParts(passed=1, judged=1))


def test_a_cancelled_batch_gives_no_rewards(http: httpx2.Client, service: str, callers: Callers) -> None:
    posted = [callers.post(service, "k", solution(text, sample=text)) for text in ("PP", "PF")]
    wait_for_batch(http)
    [batch] = http.get("/v1/batches").json()["batches"]
    http.delete(f"/v1/batches/{batch['id']}")

    answers = [judged(each) for each in posted]
    assert [(answer.row, answer.reward) for answer in answers] == [("SS", None)] * 2
    assert all("cancelled" in str(answer.reason) for answer in answers)


def wait_for_batch(http: httpx2.Client) -> None:
    deadline = time.monotonic() + 20
    while not http.get("/v1/batches").json()["batches"]:
        assert time.monotonic() < deadline, "no batch was made"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ({}, "$.size", "required"),
        ([], "$", "should be an object"),
        ({"size": 2}, "$", "either a `solution` or a `test`: give one of them, not neither"),
        ({"size": 2, "solution": "a", "test": "b"}, "$", "not both"),
        (solution("P", 0), "$.size", "greater than or equal to 1"),
        (solution("P", size=True), "$.size", "integer"),
        (solution(1), "$.solution", "string, not 1"),  # type: ignore[arg-type]
        (solution("P", sample=""), "$.sample", "at least 1 character"),
        (solution("P", solutions=["P"]), "$.solutions", "did you mean 'solution'"),
        (solution("P", reward="luck"), "$.reward", "'pass_rate'"),
        (solution("P", deadline_seconds=0), "$.deadline_seconds", "greater than 0"),
        (solution("P", deadline_seconds=3601), "$.deadline_seconds", "less than or equal to 3600"),
        (solution("P", run=""), "$.run", "at least 1 character"),
        (solution("P", limits={"cpu_seconds": 61}), "$.limits.cpu_seconds", "this server's maximum of 60"),
        (solution("P", limits={"cpu_second": 1}), "$.limits.cpu_second", "did you mean 'cpu_seconds'"),
        (solution("P", problem={"pairs": []}), "$.problem.pairs", "there are id, language"),
        (solution("P", problem={"test": ["a"]}), "$.problem.test", "did you mean 'tests'"),
        (solution("P", problem={"tests": [{"kind": "pitest"}]}), "$.problem.tests[0].kind", "did you mean 'pytest'"),
        (solution("P", problem={"tests": [{"kind": "stdio"}]}), "$.problem.tests[0].stdout", "required"),
        (solution("P", problem={"prelude": "#" * 1_048_577}), "$.problem.prelude", "over the source limit"),
        ({"size": 2, "test": 1}, "$.test", "a string or an object, not 1"),
        ({"size": 2, "test": {"code": "a"}}, "$.test.kind", "one of assert, call, stdio, pytest"),
        ({"size": 2, "test": {"kind": "call", "expected": 1, "arg": 1}}, "$.test.arg", "did you mean 'args'"),
        ({"size": 2, "test": {"kind": "call", "expected": 1}}, "$.problem.entry_point", "kind `call` call"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_sample_is_named_with_its_place(
    redis_url: str, service: str, callers: Callers, body: Any, path: str, said: str
) -> None:
    details = refused(callers.post(service, "k", body), 422)

    assert [error.path for error in details.errors] == [path]
    assert said in details.errors[0].detail and path in details.detail
    with Redis.from_url(redis_url) as redis:
        assert set(redis.scan_iter()) <= {PROTOCOL_KEY.encode()}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"{", "line 1"), (b'{"run": "\xff"}', "not UTF-8"), (b"[" * 100_000, "nested too deeply")],
)  # fmt: skip
def test_a_body_that_is_not_json_is_refused(http: httpx2.Client, content: bytes, said: str) -> None:
    answer = http.post("/v1/groups/k/samples", content=content, headers={"Content-Type": "application/json"})

    assert said in refused(answer, 400).detail


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/groups//samples", 422), ("/v1/groups/%00/samples", 422), ("/v1/groups/%ff/samples", 422),
        (f"/v1/groups/{'k' * 201}/samples", 422), ("/v1/groups/k/samples?wait=61", 422),
        ("/v1/groups/k/samples?wait=nan", 422), ("/v1/groups/k", 404), ("/v1/groups/samples", 404),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_address_is_said(http: httpx2.Client, path: str, status: int) -> None:
    refused(http.post(path, json=solution("P")), status)


def test_a_group_of_too_much_is_refused_with_the_limit(settings: ServiceSettings, callers: Callers) -> None:
    small = settings.model_copy(update={"max_group_samples": 8, "max_group_cells": 20, "max_group_bytes": 2000})
    with live_service(small) as url:
        size = refused(callers.post(url, "a", solution("P", 9)), 413)
        cells = refused(callers.post(url, "a", solution("P", 8)), 413)
        first = callers.post(url, "b", solution("P", 3, sample="1"), wait=0).result(60)
        large = refused(callers.post(url, "b", solution("P" * 2000, 3, sample="2")), 413)
        alone = refused(callers.post(url, "c", solution("P" * 2000, 3)), 413)
        again = callers.post(url, "b", solution("P", 3, sample="1"), wait=0).result(60)

    assert [error.path for error in size.errors + cells.errors] == ["$.size", "$.size"]
    assert "limit of 8" in size.detail and "limit of 20" in cells.detail and "2,000 bytes" in large.detail
    assert (first.status_code, again.json()["came"]) == (202, 1), "what was refused does not count"
    assert "2,000 bytes" in alone.detail


def test_a_group_without_another_side_is_told_so(service: str, callers: Callers) -> None:
    posted = [callers.post(service, "k", {"size": 2, "solution": "P", "sample": name}) for name in "ab"]
    again = callers.post(service, "k", {"size": 2, "solution": "P", "sample": "a"})
    testers = [callers.post(service, "t", {"size": 2, "test": "1"}) for _ in range(2)]

    for each in [*posted, again]:
        assert [error.path for error in refused(each, 422).errors] == ["$.problem.tests"]
    for each in testers:
        assert [error.path for error in refused(each, 422).errors] == ["$.problem.solutions"]


def test_a_caller_who_leaves_is_forgotten_and_takes_nothing_along(
    service: str, worker: PlayedWorker, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "_PULSE_SECONDS", 0.05)
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{service}/v1/groups/k/samples", json=solution("PP", sample="a"), timeout=0.5)
    wait_for_waiters(service, 0)

    with worker.working():
        other = judged(callers.post(service, "k", solution("PF")))
        came_back = judged(callers.post(service, "k", solution("PP", sample="a")))

    assert (other.row, other.came, came_back.row) == ("PF", 2, "PP")


def test_a_service_that_stops_answers_and_the_group_goes_on_at_the_next(
    settings: ServiceSettings, worker: PlayedWorker, callers: Callers
) -> None:
    with live_service(settings) as url:
        waiting = callers.post(url, "k", solution("PP"))
        wait_for_waiters(url, 1)
    stopped = waiting.result(60)
    name = stopped.json()["sample"]

    with live_service(settings) as url, worker.working():
        posted = [callers.post(url, "k", solution("PP", sample=name)), callers.post(url, "k", solution("FF"))]
        answers = [judged(each) for each in posted]

    assert (stopped.status_code, stopped.json()["status"]) == (202, "waiting")
    assert [answer.row for answer in answers] == ["PP", "FF"]


def test_a_service_that_is_killed_takes_no_sample_along(
    redis_url: str, elsewhere: str, worker: PlayedWorker, callers: Callers
) -> None:
    with service_process(redis_url) as (doomed, process):
        posted = [callers.post(doomed, "k", solution("PP", 3, sample=name)) for name in "ab"]
        wait_for_waiters(doomed, 2)
        process.kill()
        for each in posted:
            with pytest.raises(httpx2.TransportError):
                each.result(60)

    with worker.working():
        again = [callers.post(elsewhere, "k", solution("PP", 3, sample=name)) for name in "ab"]
        third = judged(callers.post(elsewhere, "k", solution("FF", 3, sample="c")))
        assert [judged(each).row for each in again] == ["PP", "PP"]
    assert (third.came, third.row, third.index) == (3, "FF", 2)


def test_the_batch_of_a_group_is_made_by_another_where_a_service_died_about_to_make_it(
    redis_url: str, http: httpx2.Client, service: str, elsewhere: str, worker: PlayedWorker, callers: Callers
) -> None:
    with Redis.from_url(redis_url) as redis, worker.working():
        redis.set(f"{keys_of('k')[0]}:claim", "a service that is gone", px=1500)
        posted = [callers.post(url, "k", solution("PF")) for url in (service, elsewhere)]
        answers = [judged(each) for each in posted]
    batches = http.get("/v1/batches").json()["batches"]

    assert len({answer.batch for answer in answers}) == 1 and len(batches) == 1


def test_many_services_that_make_the_batch_at_once_make_one(
    http: httpx2.Client, service: str, elsewhere: str, worker: PlayedWorker, callers: Callers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A claim spares work and no more: without them there is still one batch."""

    class NoClaim:
        def __init__(self, *_: object) -> None: ...
        async def __aenter__(self) -> bool:
            return True

        async def __aexit__(self, *_: object) -> None: ...

    monkeypatch.setattr(barrier.Barrier, "claim", NoClaim)
    with worker.working():
        posted = [callers.post((service, elsewhere)[n % 2], "k", solution("PF", 12)) for n in range(12)]
        answers = [judged(each) for each in posted]
    batches = http.get("/v1/batches").json()["batches"]

    assert len({answer.batch for answer in answers}) == 1 and len(batches) == 1


def test_a_full_queue_is_said_and_costs_the_group_nothing(
    settings: ServiceSettings, worker: PlayedWorker, callers: Callers
) -> None:
    with live_service(settings.model_copy(update={"max_queued_chunks": 1})) as url:
        httpx2.post(f"{url}/v1/batches", json={"problems": [{"solutions": ["P"], "tests": ["1"]}]})
        posted = [callers.post(url, "k", solution("PF", sample=name)) for name in "ab"]
        full = [each.result(60) for each in posted]
        worker.work()
        with worker.working():
            answers = [judged(callers.post(url, "k", solution("PF", sample=name))) for name in "ab"]

    assert [answer.status_code for answer in full] == [429, 429]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in full)
    assert [answer.row for answer in answers] == ["PF", "PF"]


def test_hundreds_who_are_woken_together_are_all_answered(service: str, worker: PlayedWorker) -> None:
    async def ask() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=None)) as http:
            bodies = [solution("PF", 200, sample=f"{n}") for n in range(200)]
            posted = [http.post(f"{service}/v1/groups/k/samples", json=body) for body in bodies]
            return list(await asyncio.gather(*posted))

    with worker.working():
        answers = asyncio.run(ask())

    assert {judged(answer).row for answer in answers} == {"PF"}


def test_redis_may_go_and_come_back_while_samples_wait(
    tmp_path: Path, settings: ServiceSettings, callers: Callers
) -> None:
    server = EmbeddedRedis(tmp_path)
    server.start()
    try:
        with live_service(settings.model_copy(update={"redis_url": server.url})) as url:
            waiting = callers.post(url, "k", solution("PP", sample="a"), wait=60)
            wait_for_waiters(url, 1)
            server.stop()
            away = callers.post(url, "k", solution("PF", sample="b")).result(60)
            server.start()
            played = PlayedWorker(server.url)
            with played.working():
                other = judged(callers.post(url, "k", solution("PF", sample="b")))
                first = waiting.result(60)
                if first.status_code == 503:  # it looked while Redis was away
                    first = callers.post(url, "k", solution("PP", sample="a")).result(60)
            played.close()
    finally:
        server.stop()

    assert away.status_code == 503 and int(away.headers["retry-after"]) > 0
    assert away.headers["content-type"] == "application/problem+json"
    assert (other.row, judged(first).row) == ("PF", "PP")


def test_waiting_for_samples_asks_redis_for_nothing(
    redis_url: str, settings: ServiceSettings, callers: Callers
) -> None:
    quiet = settings.model_copy(update={"sweep_seconds": 1000.0, "reap_seconds": 1000.0})
    with live_service(quiet) as url, Redis.from_url(redis_url) as redis:
        posted = [callers.post(url, "k", solution("PP", 4, deadline_seconds=6, sample=f"{n}")) for n in range(3)]
        wait_for_waiters(url, 3)
        before = scripts(redis)
        threading.Event().wait(1.5)
        assert scripts(redis) == before
        for each in posted:
            assert "3 of 4" in refused(each, 409).detail


def scripts(redis: Redis) -> int:
    return int(redis.info("commandstats")["cmdstat_evalsha"]["calls"])
