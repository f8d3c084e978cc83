"""The route class of all routers: reads bodies strictly, stores repeats, answers 304."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.convertors import StringConvertor, register_url_convertor

from app.api.etags import answer_not_modified
from app.api.idempotency import store_answer
from app.api.json_body import check_media_type, read_json
from app.api.query import QUERY_NAMES
from app.api.validation import problem_of_validation
from app.core.errors import FieldError, SlipwayError

_REFUSED = "slipway.refused_body"
_FLAWED = "slipway.flawed_body"
# Stands for a body that is refused. It must be of a built-in type: from any other object Pydantic takes the attributes,
# and a model whose fields all have defaults is content with none.
_NO_BODY = ()


class _NameConvertor(StringConvertor):
    """An id or name, as in `/{cluster:name}`: what follows a colon is a verb, and another path."""

    regex = "[^/:]+"


register_url_convertor("name", _NameConvertor())


class _StrictRequest(Request):
    """FastAPI reads the body before it solves dependencies: what is wrong with it waits until the caller is known."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            check_media_type(self.headers)
            document, flaws = read_json(body)
        except SlipwayError as error:
            self.scope[_REFUSED] = error
            return _NO_BODY
        if flaws:
            self.scope[_FLAWED] = (document, flaws)
            return _NO_BODY
        return document


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
                raise self._problem(request, error) from None
            await store_answer(request, response)
            return answer_not_modified(request, response)

        return handle_strictly

    def _problem(self, request: Request, error: RequestValidationError) -> SlipwayError:
        refused: SlipwayError | None = request.scope.get(_REFUSED)
        if refused is not None:
            return refused
        if isinstance(error.body, bytes):
            check_media_type(request.headers)
        found: list[Any] = list(error.errors())
        flaws: list[FieldError] = []
        if _FLAWED in request.scope and self.body_field is not None:
            document, flaws = request.scope[_FLAWED]
            found = [each for each in found if each["loc"][0] != "body"]
            found.extend(self.body_field.validate(document, loc=("body",))[1])
        return problem_of_validation(request, found, flaws)


def api_router(*, prefix: str, tags: list[str]) -> APIRouter:
    """Return a router whose routes are strict. Every slice begins with it."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=StrictRoute, redirect_slashes=False)
