"""The route class of all routers: reads bodies strictly, stores repeats, answers 304."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.api.etags import answer_not_modified
from app.api.idempotency import store_answer
from app.api.json_body import RefusedBody, check_media_type, read_json
from app.api.query import QUERY_NAMES
from app.core.errors import SlipwayError


class _StrictRequest(Request):
    """FastAPI reads the body before it solves dependencies: what is wrong with it waits until the caller is known."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            check_media_type(self.headers)
            return read_json(body)
        except SlipwayError as error:
            return RefusedBody(error)


def _query_names(dependant: Dependant) -> dict[str, bool]:
    """Return the query parameters of a route, and whether each may be given more than once."""
    names: dict[str, bool] = {}
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names |= {info.alias or name: False for name, info in annotation.model_fields.items()}
        else:
            names[field.alias] = "list" in str(annotation)
    for below in dependant.dependencies:
        names |= _query_names(below)
    return names


class StrictRoute(APIRoute):
    """A route of the API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler. What runs after it still runs before the commit."""
        handle = super().get_route_handler()
        query_names = _query_names(self.dependant)

        async def handle_strictly(request: Request) -> Response:
            request.scope[QUERY_NAMES] = query_names
            try:
                response = await handle(_StrictRequest(request.scope, request.receive))
            except RequestValidationError as error:
                if isinstance(error.body, RefusedBody):
                    raise error.body.error from None
                if isinstance(error.body, bytes):
                    check_media_type(request.headers)
                raise
            await store_answer(request, response)
            return answer_not_modified(request, response)

        return handle_strictly


def api_router(*, prefix: str, tags: list[str]) -> APIRouter:
    """Return a router whose routes are strict. Every slice begins with it."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=StrictRoute, redirect_slashes=False)
