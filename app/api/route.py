"""The route class of all routers: reads bodies strictly, stores repeats, answers 304."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.convertors import StringConvertor, register_url_convertor

from app.api.etags import answer_not_modified
from app.api.idempotency import store_answer
from app.api.in_part import AlsoBrokenError, only_telling, read_in_part
from app.api.json_body import check_media_type, read_json
from app.api.query import QUERY_NAMES
from app.api.validation import body_model, problem_of_validation
from app.core.errors import FieldError, SlipwayError

_REFUSED = "slipway.refused_body"
_FOUND = "slipway.found_in_body"
# Stands for a body that is refused. It must be of a built-in type: from any other object Pydantic takes the attributes,
# and a model whose fields all have defaults is content with none.
_NO_BODY = ()


class _NameConvertor(StringConvertor):
    """An id or name, as in `/{cluster:name}`: what follows a colon is a verb, and another path."""

    regex = "[^/:]+"


register_url_convertor("name", _NameConvertor())


class _StrictRequest(Request):
    """FastAPI reads the body before it solves dependencies: what is wrong with it waits until the caller is known."""

    def __init__(self, request: Request, read: Callable[[Request, Any, list[FieldError]], Any]) -> None:
        super().__init__(request.scope, request.receive)
        self._read = read

    async def json(self) -> Any:
        body = await self.body()
        try:
            check_media_type(self.headers)
            document, flaws = read_json(body)
        except SlipwayError as error:
            self.scope[_REFUSED] = error
            return _NO_BODY
        return self._read(self, document, flaws)


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


def _takes_parts(dependant: Dependant) -> bool:
    """Whether a body that was refused in part may come to a route's handler.

    What that does has to be undone: it has one transaction, and asks Azure of nothing.
    """
    below = dependant.dependencies
    return any(hasattr(each.call, "commits_once") for each in below) and all(
        hasattr(each.call, "takes_parts") for each in below if each.body_params
    )


class StrictRoute(APIRoute):
    """A route of the API."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, only_telling(endpoint), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler. What runs after it still runs before the commit."""
        handle = super().get_route_handler()
        query_names, takes_parts = _query_names(self.dependant), _takes_parts(self.dependant)

        def read(request: Request, document: Any, flaws: list[FieldError]) -> Any:
            """Read the body once: FastAPI takes what it gets as it is."""
            field, model = self.body_field, body_model(self)
            if field is None:
                return document
            whole, found = field.validate(document, loc=("body",))
            if not found and not flaws:
                return whole
            request.scope[_FOUND] = (found, flaws)
            # Where text cannot be kept, that is said first.
            part = read_in_part(model, document) if takes_parts and not flaws and model is not None else None
            return _NO_BODY if part is None else part

        async def handle_strictly(request: Request) -> Response:
            request.scope[QUERY_NAMES] = query_names
            try:
                response = await handle(_StrictRequest(request, read))
            except RequestValidationError as error:
                raise self._problem(request, error.errors(), error.body) from None
            except AlsoBrokenError as error:
                raise self._problem(request, (), also=error.errors) from None
            await store_answer(request, response)
            return answer_not_modified(request, response)

        return handle_strictly

    def _problem(
        self, request: Request, errors: Sequence[Any], body: Any = None, also: Sequence[FieldError] = ()
    ) -> SlipwayError:
        """One error for all that is wrong: what Pydantic found, and what rules have against what stays (`also`)."""
        refused: SlipwayError | None = request.scope.get(_REFUSED)
        if refused is not None:
            return refused
        if isinstance(body, bytes):
            check_media_type(request.headers)
        found: list[Any] = list(errors)
        flaws: list[FieldError] = []
        if _FOUND in request.scope:
            in_body, flaws = request.scope[_FOUND]
            found = [*(each for each in found if each["loc"][0] != "body"), *in_body]
        return problem_of_validation(request, found, flaws, also)


def api_router(*, prefix: str, tags: list[str]) -> APIRouter:
    """Return a router whose routes are strict. Every slice begins with it."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=StrictRoute, redirect_slashes=False)
