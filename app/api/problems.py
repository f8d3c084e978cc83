"""The one place where errors become answers: `application/problem+json` (RFC 9457)."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from app.api.errors import MethodNotAllowedError, NoSuchRouteError
from app.api.idempotency import ReplayedAnswerError
from app.api.request_id import request_id_of
from app.api.validation import problem_of_validation
from app.core.errors import ErrorClass, Problem, SlipwayError, UnavailableError
from app.core.logging import get_logger
from app.db.errors import classify

MEDIA_TYPE = "application/problem+json"
_NOT_FOUND = 404
_NOT_ALLOWED = 405
_UNAUTHORIZED = 401
_SERVER_ERROR = 500

logger = get_logger(__name__)


def problem_response(problem: Problem, request_id: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer for a problem; `instance` is the request's id."""
    document = {**problem.as_json(), "instance": request_id}
    answer = Response(json.dumps(document, ensure_ascii=False).encode(), problem.status, media_type=MEDIA_TYPE)
    answer.headers.update(headers or {})
    if problem.retry_after_seconds is not None:
        answer.headers["Retry-After"] = str(problem.retry_after_seconds)
    if problem.status == _UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="slipway"'
    return answer


def _answer(request: Request, error: SlipwayError, headers: Mapping[str, str] | None = None) -> Response:
    if error.problem.status >= _SERVER_ERROR:
        # A traceback costs more than the request did: for what is no defect, and comes by the hundred, there is none.
        traceback = error if error.problem.status == _SERVER_ERROR else None
        logger.warning("request refused", code=error.problem.code, status=error.problem.status, exc_info=traceback)
    return problem_response(error.problem, request_id_of(request), headers)


async def _slipway(request: Request, error: SlipwayError) -> Response:
    return _answer(request, error)


async def _validation(request: Request, error: RequestValidationError) -> Response:
    return _answer(request, problem_of_validation(request, error.errors()))


async def _replay(_request: Request, error: ReplayedAnswerError) -> Response:
    return error.response


def _patterns(app: FastAPI) -> Iterator[tuple[re.Pattern[str], set[str]]]:
    for route in iter_route_contexts(app.routes):
        pattern = getattr(route, "path_regex", None)
        if pattern is not None and route.methods:
            yield pattern, set(route.methods)


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """Return every method that some route has at this path. Starlette names those of one route only."""
    return sorted({method for pattern, methods in _patterns(app) if pattern.match(path) for method in methods})


async def _http(request: Request, error: HTTPException) -> Response:
    if error.status_code == _NOT_ALLOWED:
        allowed = allowed_methods(request.app, request.scope["path"])
        refused = MethodNotAllowedError(f"This path has {', '.join(allowed)}.")
        return _answer(request, refused, {"Allow": ", ".join(allowed)})
    if error.status_code == _NOT_FOUND:
        return _answer(request, NoSuchRouteError("There is nothing at this path."))
    problem = Problem(
        code="http_error",
        error_class=ErrorClass.REQUEST if error.status_code < _SERVER_ERROR else ErrorClass.INTERNAL,
        status=error.status_code,
        title="The request could not be served",
        detail="The request could not be served.",
    )
    return problem_response(problem, request_id_of(request), error.headers)


def internal_problem(request: Request, error: Exception) -> Problem:
    """Return the problem for an error that nothing else answers, and log it under the request's id."""
    failure = classify(error)
    if failure is not None and failure.status != _SERVER_ERROR:
        logger.warning("database failed", code=failure.code, driver_code=failure.driver_code)
        return UnavailableError(
            "The database does not answer.", retry_after_seconds=failure.retry_after_seconds or 1
        ).problem
    # The traceback goes to the log, under the id that the caller gets; nothing of it goes into the answer.
    logger.error("request failed", error=type(error).__name__, exc_info=error, path=request.url.path)
    return SlipwayError(
        "Slipway made a mistake. Nothing of the request was kept.",
        remedy="Report it with the request id in `instance`.",
    ).problem


def add_problem_handlers(app: FastAPI) -> None:
    """Have every error of a request answered as a problem. What is none of these ends in `ContextMiddleware`."""
    handlers: dict[Any, Any] = {
        SlipwayError: _slipway,
        RequestValidationError: _validation,
        ReplayedAnswerError: _replay,
        HTTPException: _http,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
