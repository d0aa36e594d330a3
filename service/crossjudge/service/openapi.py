"""What the OpenAPI document says beyond what FastAPI finds out by itself: the body, every error, the headers."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from crossjudge.contracts import MEDIA_TYPE, Batch, GroupSample, ProblemDetails
from crossjudge.contracts.queue import Event

from .settings import ServiceSettings

Document = dict[str, Any]

_REF = "#/components/schemas/{model}"
_RETRY_AFTER = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
_CHALLENGE = {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}}
_ERRORS = {
    400: "The body cannot be read: broken encoding, not UTF-8, not JSON.",
    401: "An API key is needed, and none came or not one of this service's.",
    403: "The API key expired or was revoked; without API keys the service answers its own machine only.",
    404: "There is no such batch, and was none of late; or not that much in it.",
    409: "The key came with another body before, the batch is not final yet, or the sample does not fit its group.",
    410: "The batch was there; its results, or what was posted, are no longer kept.",
    413: "The body is over the server's limit, which `detail` says.",
    415: "The body is of a type or an encoding that the service does not read.",
    422: "Something is wrong with the request; `errors` says where and what to change.",
    429: "The tenant has as much as its API key allows, or too much work waits already.",
    500: "The service failed; its log says more.",
    503: "Redis does not answer, or no worker is there.",
}


def problems(*statuses: int, is_open: bool = False) -> dict[int | str, Document]:
    """The `responses` of a route: these errors, and those that any route may answer with.

    `is_open` where no API key is needed.
    """
    return {status: _problem(status) for status in sorted({*statuses, 403, 500} | (set() if is_open else {401, 503}))}


def _problem(status: int) -> Document:
    answer: Document = {
        "description": _ERRORS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDetails")}}},
    }
    headers = {401: _CHALLENGE, 429: _RETRY_AFTER, 503: _RETRY_AFTER}.get(status)
    return answer | ({"headers": headers} if headers else {})


def model_body(model: str) -> Document:
    """`openapi_extra` of a route that reads a body of that model by hand."""
    schema = {"$ref": _REF.format(model=model)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def event_stream() -> Document:
    """What the answer of an event stream looks like: the schema is that of each event."""
    names = {"enum": ["progress", "done", "cancelled", "failed"]}
    counts = {"type": "string", "contentMediaType": "application/json", "contentSchema": Event.model_json_schema()}
    schema = {"type": "object", "properties": {"event": names, "data": counts}, "required": ["event", "data"]}
    return {
        "description": "`progress` events, then one named like the final state; the data is a JSON object of counts.",
        "content": {"text/event-stream": {"schema": schema}},
    }


def describe(app: FastAPI, settings: ServiceSettings) -> Document:
    """The whole document."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas: Document = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (ProblemDetails, Batch, GroupSample):
        schema = model.model_json_schema(ref_template=_REF)
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{}, {"key": []}]  # none is needed as long as none was made
    for name, most in settings.largest_limits().items():
        field = schemas["Limits"]["properties"][name]
        field["maximum"] = min(most, field["maximum"])
    _strike_fastapis_errors(document)
    return document


def _strike_fastapis_errors(document: Document) -> None:
    """FastAPI adds its own 422 wherever there is a parameter, even one that cannot be wrong."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                del operation["responses"]["422"]
