"""What the caller got wrong is answered with problem+json that names the place and what to change."""

import gzip
import json
from typing import Any

import httpx2
import pytest
import zstandard
from redis import Redis

from crossjudge.contracts import ProblemDetails
from crossjudge.contracts.queue import PROTOCOL_KEY

GOOD: dict[str, Any] = {"problems": [{"solutions": ["x = 1"], "tests": ["assert x"]}]}


def refused(answer: httpx2.Response, status: int) -> ProblemDetails:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    details = ProblemDetails.model_validate(answer.json())
    assert details.status == status and details.detail
    return details


def post(http: httpx2.Client, content: bytes | str, **headers: str) -> httpx2.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post("/v1/batches", content=content, headers={"Content-Type": "application/json", **names})


def problem(**changes: Any) -> dict[str, Any]:
    return {"problems": [{**GOOD["problems"][0], **changes}]}


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.fixture(autouse=True)
def nothing_is_kept(redis_url: str) -> Any:
    """Whatever is refused leaves no key behind and no job."""
    yield
    with Redis.from_url(redis_url) as redis:
        assert set(redis.scan_iter()) <= {PROTOCOL_KEY.encode()}


@pytest.mark.parametrize(
    ("document", "path", "said"),
    [
        ({}, "$.problems", "required"),
        ([], "$", "should be an object, not an empty list"),
        (None, "$", "should be an object, not null"),
        ({"problems": []}, "$.problems", "should have at least 1 item, not an empty list"),
        ({"problems": {}}, "$.problems", "an object"),
        ({**GOOD, "problem": 1}, "$.problem", "did you mean 'problems'"),
        ({**GOOD, "zzz": 1}, "$.zzz", "there are run, problems, limits"),
        ({**GOOD, "run": ""}, "$.run", "at least 1 character"),
        ({**GOOD, "run": "a\nb"}, "$.run", "should hold no control character, not 'a\\nb'"),
        ({**GOOD, "limits": None}, "$.limits", "should be an object, not null"),
        ({**GOOD, "isolation": "none"}, "$.isolation", "'split', 'shared' or 'auto'"),
        ({**GOOD, "detail": ["outputs", "speed"]}, "$.detail[1]", "'speed'"),
        ({**GOOD, "limits": {"cpu_second": 1}}, "$.limits.cpu_second", "did you mean 'cpu_seconds'"),
        ({**GOOD, "limits": {"cpu_seconds": 0}}, "$.limits.cpu_seconds", "0.01"),
        ({**GOOD, "limits": {"cpu_seconds": 61}}, "$.limits.cpu_seconds", "61 is above this server's maximum of 60"),
        ({**GOOD, "limits": {"memory_mb": 100_000}}, "$.limits.memory_mb", "maximum of 8192"),
        ({**GOOD, "limits": {"memory_mb": "lots"}}, "$.limits.memory_mb", "'lots'"),
        (problem(language="ruby"), "$.problems[0].language", "should be 'python', not 'ruby'"),
        (problem(solutions=[]), "$.problems[0].solutions", "at least 1 item"),
        (problem(tests=[]), "$.problems[0].tests", "at least 1 item"),
        (problem(solutions="x = 1"), "$.problems[0].solutions", "'x = 1'"),
        (problem(solutions=["a", None]), "$.problems[0].solutions[1]", "string, not null"),
        (problem(solution=["a"]), "$.problems[0].solution", "did you mean 'solutions'"),
        (problem(tests=[1]), "$.problems[0].tests[0]", "a string or an object, not 1"),
        (problem(tests=["a", {"code": "1"}]), "$.problems[0].tests[1].kind", "one of assert, call, stdio, pytest"),
        (problem(tests=[{"kind": "pitest", "code": "1"}]), "$.problems[0].tests[0].kind", "did you mean 'pytest'"),
        (problem(tests=[{"kind": ["a"]}]), "$.problems[0].tests[0].kind", "unknown kind"),
        (problem(tests=[{"kind": "call"}]), "$.problems[0].tests[0].expected", "required"),
        (problem(tests=[{"kind": "call", "expected": 1, "call": 1}]), "$.problems[0].tests[0].call", "unknown field"),
        (problem(tests=[{"kind": "call", "expected": 1, "arg": 1}]), "$.problems[0].tests[0].arg", "mean 'args'"),
        (problem(tests=[{"kind": "stdio", "stdout": 1}]), "$.problems[0].tests[0].stdout", "string, not 1"),
        (problem(pairs=[[0, 1]]), "$.problems[0].pairs[0][1]", "there is no test 1: the problem has 1"),
        (problem(pairs=[[0, 0], [3, 0]]), "$.problems[0].pairs[1][0]", "there is no solution 3"),
        (problem(pairs=[[0, 0, 0]]), "$.problems[0].pairs[0]", "[solution index, test index], not a list of 3"),
        (problem(pairs=[[0]]), "$.problems[0].pairs[0][1]", "required"),
        (problem(pairs=[[-1, 0]]), "$.problems[0].pairs[0][0]", "greater than or equal to 0"),
        (problem(prelude="#" * 1_048_577), "$.problems[0].prelude", "1,048,577 bytes is over the source limit"),
        (problem(id="\ud800"), "$.problems[0].id", "unicode"),
        (problem(tests=[{"kind": "call", "expected": 1}]), "$.problems[0].entry_point", "kind `call` call"),
        (problem(tests=[{"kind": nested(901)}]), "$.problems[0].tests[0].kind", "unknown kind"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_body_is_named_with_its_place(
    http: httpx2.Client, document: Any, path: str, said: str
) -> None:
    details = refused(post(http, json.dumps(document)), 422)

    assert [error.path for error in details.errors] == [path]
    assert said in details.errors[0].detail
    assert path in details.detail


def test_a_number_of_too_many_digits_has_its_place_too(http: httpx2.Client) -> None:
    content = json.dumps(problem(id="NUMBER")).replace('"NUMBER"', "1" + "0" * 5000)

    details = refused(post(http, content), 422)

    assert details.errors[0].path == "$.problems[0].id" and "an integer of 5,001 digits" in details.detail


def test_many_mistakes_are_listed_up_to_a_point(http: httpx2.Client) -> None:
    details = refused(post(http, json.dumps(problem(solutions=[1] * 1000))), 422)

    assert len(details.errors) == 21 and details.errors[-1].detail == "and 980 more"
    assert "and 999 more" in details.detail


def test_many_pairs_outside_are_listed_up_to_a_point(http: httpx2.Client) -> None:
    details = refused(post(http, json.dumps(problem(pairs=[[5, 0]] * 30))), 422)

    assert len(details.errors) == 21 and details.errors[-1].detail == "and 10 more"


def test_a_quoted_value_is_short_and_printable(http: httpx2.Client) -> None:
    details = refused(post(http, json.dumps({**GOOD, "isolation": "\x1b[2J\u202e" + "y" * 10_000})), 422)

    assert details.detail.isprintable() and len(details.detail) < 300


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "line 1, column 2"),
        (b'{\n "problems": [,]}', "line 2, column 15"),
        (b'{"run": "\xff"}', "not UTF-8: byte 9 is 0xff"),
        (b'{"problems":' + b"[" * 100_000, "nested too deeply"),
        (b'{"problems":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
)  # fmt: skip
def test_a_body_that_is_not_json_is_refused_with_its_place(http: httpx2.Client, content: bytes, said: str) -> None:
    assert said in refused(post(http, content), 400).detail


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_broken_compression_is_the_callers_fault(http: httpx2.Client, encoding: str) -> None:
    whole = compressed(json.dumps(GOOD).encode(), encoding)

    assert "too early" in refused(post(http, whole[:-5], content_encoding=encoding), 400).detail
    assert "cannot be unpacked" in refused(post(http, b"garbage!" * 9, content_encoding=encoding), 400).detail
    assert "cannot be unpacked" in refused(post(http, whole + b"garbage!", content_encoding=encoding), 400).detail
    assert "too early" in refused(post(http, b"", content_encoding=encoding), 400).detail


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_refused_before_it_fills_the_memory(http: httpx2.Client, encoding: str) -> None:
    bomb = compressed(b" " * 50_000_000, encoding)
    assert len(bomb) < 100_000

    assert "2,000,000 bytes" in refused(post(http, bomb, content_encoding=encoding), 413).detail


def compressed(data: bytes, encoding: str) -> bytes:
    return gzip.compress(data) if encoding == "gzip" else zstandard.ZstdCompressor().compress(data)


def test_a_body_over_the_limit_is_refused_with_the_limit(http: httpx2.Client) -> None:
    assert "2,000,000 bytes" in refused(post(http, b" " * 2_000_001), 413).detail

    parts = (b" " * 100_000 for _ in range(30))  # without a length in front
    answer = http.post("/v1/batches", content=parts, headers={"Content-Type": "application/json"})
    assert "2,000,000 bytes" in refused(answer, 413).detail


def test_types_and_encodings_that_are_not_read_are_named(http: httpx2.Client) -> None:
    content = json.dumps(GOOD)
    wrong_type = http.post("/v1/batches", content=content, headers={"Content-Type": "text/plain"})
    assert "'text/plain'" in refused(wrong_type, 415).detail
    assert "'br'" in refused(post(http, content, content_encoding="br"), 415).detail
    wrong_charset = http.post(
        "/v1/batches", content=content, headers={"Content-Type": "application/json;charset=utf-16"}
    )
    assert "utf-16" in refused(wrong_charset, 415).detail


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/batches/nothing", 404),
        ("GET", "/v1/batches/b_00000000000000000000000000", 404),
        ("DELETE", "/v1/batches/nothing", 404),
        ("GET", "/v1/batches/nothing/events", 404),
        ("GET", "/v1/batches/%00%ff", 404),
        ("GET", "/v2", 404),
        ("GET", "/static/../app.py", 404),
        ("PUT", "/v1/batches", 405),
        ("GET", "/v1/batches/nothing?wait=61", 422),
        ("GET", "/v1/batches/nothing?wait=-1", 422),
        ("GET", "/v1/batches/nothing?wait=nan", 422),
        ("POST", "/v1/batches?wait=soon", 422),
        ("GET", "/v1/batches?limit=0", 422),
        ("GET", "/v1/batches?status=lost", 422),
        ("GET", "/v1/batches?cursor=b_1", 422),
        ("GET", "/readyz", 503),
    ],
)
def test_every_error_is_problem_json(http: httpx2.Client, method: str, path: str, status: int) -> None:
    answer = http.request(method, path, content=json.dumps(GOOD) if method == "POST" else None)

    refused(answer, status)
    assert (status == 405) == ("allow" in answer.headers)
    assert (status == 503) == ("retry-after" in answer.headers)


def test_pages_of_other_origins_may_not_ask(http: httpx2.Client) -> None:
    refused(http.post("/v1/batches", json=GOOD, headers={"Origin": "https://evil.example"}), 403)
    assert http.get("/healthz", headers={"Origin": str(http.base_url).rstrip("/")}).status_code == 200


@pytest.mark.parametrize(
    ("problems", "said"),
    [([{"solutions": ["1"] * 1001, "tests": ["1"] * 1000}], "1,001,000 cells"), (GOOD["problems"] * 20_001, "20,001")],
)
def test_a_batch_of_too_much_is_refused_with_the_limit(http: httpx2.Client, problems: Any, said: str) -> None:
    details = refused(post(http, json.dumps({"problems": problems})), 413)

    assert [error.path for error in details.errors] == ["$.problems"]
    assert said in details.detail and "limit" in details.detail and "several batches" in details.detail
