"""The OpenAPI document against the live service: no server error and no answer that the document does not describe."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from crossjudge.contracts import MEDIA_TYPE
from crossjudge.service.settings import ServiceSettings
from played_worker import PlayedWorker

from .conftest import MakeKey, live_service

# Not among them: `positive_data_acceptance`, since "pairs inside the matrix" and "cells of the whole batch" are rules
# that JSON Schema cannot state; `negative_data_rejection`, since a number may come as text, as it does in a query.
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
EXAMPLES = 40
OPERATIONS = [
    ("/v1/batches", "POST"),
    ("/v1/batches", "GET"),
    ("/v1/batches/{batch}", "GET"),
    ("/v1/batches/{batch}", "DELETE"),
    ("/v1/batches/{batch}/events", "GET"),
    ("/v1/batches/{batch}/problems", "GET"),
    ("/v1/batches/{batch}/problems/{problem}", "GET"),
    ("/v1/batches/{batch}/problems/{problem}/cells/{solution}/{test}", "GET"),
    ("/v1/stats", "GET"),
    ("/v1/groups/{key}/samples", "POST"),
    ("/v1/runs", "GET"),
    ("/v1/workers", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
]
CAN_BE_WRONG = [
    ("/v1/batches", "POST"),
    ("/v1/batches", "GET"),
    ("/v1/batches/{batch}", "GET"),
    ("/v1/groups/{key}/samples", "POST"),
    ("/v1/runs", "GET"),
]


@pytest.fixture
def live(redis_url: str, worker: PlayedWorker) -> Iterator[str]:
    with live_service(ServiceSettings(redis_url=redis_url)) as url, worker.working():
        yield url


def test_the_document_names_every_operation_and_every_error_as_problem_json(live: str) -> None:
    document = httpx2.get(f"{live}/openapi.json").json()

    found = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    assert found == set(OPERATIONS)
    for item in document["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == [MEDIA_TYPE], (operation["operationId"], status)
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["Limits"]["properties"]["cpu_seconds"]["maximum"] == 60


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_the_document_says_where_a_key_is_needed(live: str, make_key: MakeKey, path: str, method: str) -> None:
    make_key()
    document = httpx2.get(f"{live}/openapi.json").json()
    answers = document["paths"][path][method.lower()]["responses"]

    given = httpx2.request(method, f"{live}{path}")

    assert (
        document["components"]["securitySchemes"]["key"]["scheme"] == "bearer" and {"key": []} in document["security"]
    )
    if path in ("/healthz", "/readyz"):
        assert "401" not in answers and given.status_code == 200
    else:
        assert "WWW-Authenticate" in answers["401"]["headers"]
        assert given.status_code == 401 or path == "/metrics", "which its own machine may read without"


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [(*operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
    + [(*operation, GenerationMode.NEGATIVE) for operation in CAN_BE_WRONG],
)
def test_schemathesis_finds_nothing(live: str, path: str, method: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{live}/openapi.json")
    known = httpx2.post(f"{live}/v1/batches?wait=10", json={"problems": [{"solutions": ["P"], "tests": ["1"]}]}).json()

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck), derandomize=True,
    )  # fmt: skip
    def check(case: Any) -> None:
        if "wait" in (case.query or {}):
            case.query["wait"] = 0 if case.query["wait"] in (None, "") or _is_number(case.query["wait"]) else "soon"
        if "batch" in (case.path_parameters or {}) and case.path_parameters["batch"].startswith("0"):
            case.path_parameters["batch"] = known["id"]
        if "groups" in path and "wait" not in (case.query or {}):  # would wait for samples that never come
            case.query = {**(case.query or {}), "wait": 0}
        case.call_and_validate(checks=CHECKS)

    given(case=schema[path][method].as_strategy(generation_mode=mode))(check)()


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True
