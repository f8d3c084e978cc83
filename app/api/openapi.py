"""What FastAPI leaves open in `/openapi.json`: problems as they are sent, headers, security, stable names."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.api.idempotency import HEADER, PATTERN
from app.api.links import links
from app.api.problems import MEDIA_TYPE
from app.core.errors import ErrorClass, SlipwayError
from app.core.json import JsonObject

_PUBLIC = ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs")
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_TEXT: JsonObject = {"type": "string"}
_MAYBE: JsonObject = {"type": ["string", "null"]}

_PROBLEM: JsonObject = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457). `code` is for programs, `detail` and `remedy` are for people.",
    "required": ["type", "code", "class", "title", "status", "detail", "retryable", "errors", "instance"],
    "properties": {
        "type": _TEXT,
        "code": {**_TEXT, "description": "Stable. New ones may come."},
        "class": {**_TEXT, "description": f"One of {', '.join(ErrorClass)}; new ones may come."},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "remedy": {**_MAYBE, "description": "What the caller can do."},
        "retryable": {"type": "boolean"},
        "retry_after_seconds": {"type": ["integer", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "pointer", "detail"],
                "properties": {
                    "code": _TEXT,
                    "pointer": {**_TEXT, "description": "A JSON Pointer into the body, or `query:limit`, `header:…`."},
                    "detail": _TEXT,
                },
            },
        },
        "azure": {
            "type": ["object", "null"],
            "description": "What Azure itself said.",
            "properties": {"code": _MAYBE, "message": _MAYBE, "correlation_id": _MAYBE},
        },
        "instance": {**_TEXT, "description": "The request's id, as in `X-Request-Id`."},
    },
}

_DESCRIPTIONS = {
    400: "The request is malformed: `invalid_json`, `duplicate_key`, `nesting_too_deep`, `invalid_header`, "
    "`invalid_cursor`.",
    401: "`credentials_required`, `invalid_credentials`.",
    403: "`permission_denied`: the key's role is too small.",
    404: "`not_found`: it does not exist, or belongs to another project.",
    408: "`body_stalled`.",
    409: "`conflict`, `request_in_progress`.",
    412: "`precondition_failed`: the ETag in If-Match is stale.",
    413: "`body_too_large`.",
    415: "`unsupported_media_type`.",
    422: "`invalid_request`; each place is in `errors`. `idempotency_key_reused`.",
    500: "`internal_error`.",
    503: "`unavailable`, `overloaded`, `database_unavailable`: come again after `Retry-After`.",
}
_ALWAYS = (400, 401, 403, 404, 422, 500, 503)
_WITH_BODY = (408, 413, 415)
_JOB_HEADERS = {
    "Location": {"description": "The job.", "schema": _TEXT},
    "Operation-Location": {"description": "The job.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds after which to look at the job.", "schema": {"type": "integer"}},
}
_KEY_PARAMETER: JsonObject = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Makes a repeat safe for 24 hours: the same key and request get the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": PATTERN},
}


def operation_id(route: APIRoute) -> str:
    """Name an operation after its function: generated clients then have `create_cluster()`."""
    return route.name


def errors(*kinds: type[SlipwayError]) -> dict[int | str, dict[str, Any]]:
    """Return `responses=` of a route that can answer with these errors, beside those that every route has."""
    by_status: dict[int | str, list[type[SlipwayError]]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {
        status: {"description": " ".join(f"`{kind.code}`: {kind.title}." for kind in found)}
        for status, found in by_status.items()
    }


def _operations(document: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _statuses(method: str, operation: JsonObject) -> list[int]:
    found = list(_ALWAYS)
    if "requestBody" in operation:
        found.extend(_WITH_BODY)
    if method == "post":
        found.append(409)
    if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", [])):
        found.append(412)
    return found


def _never_null(parameter: JsonObject) -> None:
    """A parameter is left out or given: in a path, a query or a header `null` is four letters."""
    schema: JsonObject = parameter["schema"]
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema.update(choices[0])


def _shape(path: str, method: str, operation: JsonObject) -> None:
    for parameter in operation.get("parameters", []):
        _never_null(parameter)
    responses: JsonObject = operation["responses"]
    # FastAPI's own 422 documents a body that Slipway never sends.
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    if path in _PUBLIC:
        operation["security"] = []
        return
    if method == "post":
        operation.setdefault("parameters", []).append(_KEY_PARAMETER)
    for status in _statuses(method, operation):
        responses.setdefault(str(status), {"description": ""})
    for key, response in responses.items():
        if int(key) >= 400:  # noqa: PLR2004 - where errors begin
            common = _DESCRIPTIONS.get(int(key), "")
            response["description"] = f"{response['description']} {common}".strip()
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        elif key == "202":
            response.setdefault("headers", {}).update(_JOB_HEADERS)
        if key < "300" and (found := links(operation, key)):
            response["links"] = found
    operation["responses"] = dict(sorted(responses.items()))


def build_openapi(app: FastAPI) -> JsonObject:
    """Return the whole document. Raises ValueError when two operations have one name."""
    document: JsonObject = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
    )
    document["info"]["license"] = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
    document["servers"] = [{"url": "/"}]
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "api_key": {"type": "http", "scheme": "bearer", "description": "An API key: `slw_<id>_<secret>`."}
    }
    document["security"] = [{"api_key": []}]
    seen: set[str] = set()
    for path, method, operation in _operations(document):
        if operation["operationId"] in seen:
            raise ValueError(f"Two operations are named {operation['operationId']}")
        seen.add(operation["operationId"])
        _shape(path, method, operation)
    return document


def shape_openapi(app: FastAPI) -> None:
    """Have the application serve this document, made once."""

    def openapi() -> JsonObject:
        if app.openapi_schema is None:
            app.openapi_schema = build_openapi(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
