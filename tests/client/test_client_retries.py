"""What both clients send again, what they do not, and how they say that they gave up. Real HTTP, scripted answers."""

from collections.abc import Callable
from typing import Any

import pytest

from crossjudge.client import (
    AuthError,
    Conflict,
    ConnectionFailed,
    CrossjudgeError,
    InvalidRequest,
    NotFound,
    Patience,
    ProtocolError,
    QuotaExceeded,
    ServiceError,
    ServiceUnavailable,
    TooLarge,
)
from pretend_service import Canned, PretendService, refusal

Call = Callable[..., Any]
HTML = Canned(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html><h1>Welcome to nginx</h1></html>")
HASTY = {"patience": Patience(busy=0.2, unreachable=0.2, first_pause=0.02)}


@pytest.mark.parametrize(
    "trouble",
    [
        Canned(drop=True),
        Canned(drop=True, act_first=True),
        Canned(502, {"Content-Type": "text/html"}, b"<html>bad gateway</html>"),
        Canned(504),
        refusal(429, "over quota", Retry_After="0"),
        refusal(503, "no queue", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
        refusal(503, "no queue", Retry_After="soon, I hope"),
        Canned(200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"not gzip at all"),
    ],
    ids=["dropped", "dropped after it was taken in", "502", "504", "429", "503", "odd Retry-After", "broken encoding"],
)
def test_what_passes_is_tried_again_under_the_same_key(call: Call, service: PretendService, trouble: Canned) -> None:
    service.script.extend([trouble, trouble])
    assert call("matrix", ["PF"], ["a", "b"]).verdicts == ["PF"]
    posts = service.sent("POST")
    assert len(posts) == 3
    assert len({post.headers["idempotency-key"] for post in posts}) == 1
    assert len(service.batches) == 1


def test_two_calls_have_two_keys(call: Call, service: PretendService) -> None:
    call("submit", [{"solutions": ["P"], "tests": ["a"]}])
    call("submit", [{"solutions": ["P"], "tests": ["a"]}])
    assert len({post.headers["idempotency-key"] for post in service.sent("POST")}) == 2
    assert len(service.batches) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest), (401, AuthError), (403, AuthError), (404, NotFound), (405, InvalidRequest),
        (409, Conflict), (410, NotFound), (413, TooLarge), (415, InvalidRequest), (422, InvalidRequest),
        (500, ServiceError),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_said_at_once(
    call: Call, service: PretendService, status: int, kind: type[CrossjudgeError]
) -> None:
    service.script.append(refusal(status, "change this", "$.problems[0].id"))
    with pytest.raises(kind, match="change this") as caught:
        call("matrix", ["P"], ["a"])
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.violations[0].path) == (status, "$.problems[0].id")
    assert len(service.seen) == 1


@pytest.mark.parametrize(("status", "kind"), [(429, QuotaExceeded), (503, ServiceUnavailable)])
def test_patience_with_a_busy_service_ends(
    call: Call, service: PretendService, status: int, kind: type[CrossjudgeError]
) -> None:
    service.script.extend(refusal(status, "later, please") for _ in range(1000))
    with pytest.raises(kind, match="later, please") as caught:
        call("matrix", ["P"], ["a"], settings=HASTY)
    assert caught.value.attempts == len(service.seen) > 1


def test_a_retry_after_beyond_patience_is_not_slept_through(call: Call, service: PretendService) -> None:
    service.script.append(refusal(429, "over quota", Retry_After="3600"))
    with pytest.raises(QuotaExceeded) as caught:
        call("matrix", ["P"], ["a"])
    assert (caught.value.retry_after, len(service.seen)) == (3600, 1)


def test_a_service_that_is_not_there_is_named(call: Call) -> None:
    with pytest.raises(ConnectionFailed, match=r"http://127\.0\.0\.1:9 \(.*(refused|failed)") as caught:
        call("matrix", ["P"], ["a"], settings={"url": "http://127.0.0.1:9", **HASTY})
    assert caught.value.attempts > 1


def test_a_service_that_says_nothing_times_out(call: Call, service: PretendService) -> None:
    service.hold()
    batch = call("submit", [{"solutions": ["P"], "tests": ["a"]}])
    service.script.extend([Canned(drop=True)] * 1000)
    with pytest.raises(ConnectionFailed) as caught:
        call("wait", batch, settings={"timeout": 0.2, **HASTY})
    assert caught.value.batch == batch.id


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HTML, "nginx"),
        (Canned(404, {"Content-Type": "text/plain"}, b"404 page not found"), "page not found"),
        (Canned(307, {"Location": "https://elsewhere.example/"}), "https://elsewhere.example/"),
        (Canned(200, {"Content-Type": "application/json"}, b'{"id": "b_1", "status": "mended"}'), "run"),
        (Canned(200, {"Content-Type": "application/json"}, b'[{"id": 1}]'), "valid dictionary"),
        (Canned(200, {}, b""), "empty"),
        (Canned(200, {}, b"[" * 100_000), "not JSON"),
        (Canned(200, {}, b"\xff\xfe\xff"), "not JSON"),
    ],
)
def test_an_answer_that_is_not_the_services_is_told_apart(
    call: Call, service: PretendService, answer: Canned, words: str
) -> None:
    service.script.append(answer)
    with pytest.raises(ProtocolError) as caught:
        call("matrix", ["P"], ["a"])
    assert words in str(caught.value)
    assert len(str(caught.value)) < 600
    assert len(service.seen) == 1


def test_a_proxy_that_asks_for_a_login_is_an_auth_error(call: Call, service: PretendService) -> None:
    service.script.append(Canned(401, {"Content-Type": "text/html"}, b"<h1>Authorization required</h1>"))
    with pytest.raises(AuthError, match="Authorization required"):
        call("runs")


def test_readiness_is_not_waited_for(call: Call, service: PretendService) -> None:
    service.script.append(refusal(503, "no worker is there", Retry_After="1"))
    with pytest.raises(ServiceUnavailable, match="no worker"):
        call("ready")
    assert len(service.seen) == 1


def test_a_matrix_whose_shape_is_wrong_is_not_handed_on(call: Call, service: PretendService) -> None:
    service.extra = {
        "problems": [{"id": "0", "matrix": ["P"], "solutions": [{"status": "ok"}], "tests": [{"status": "ok"}] * 2}]
    }
    with pytest.raises(ProtocolError, match="shape"):
        call("matrix", ["P"], ["a", "b"])
