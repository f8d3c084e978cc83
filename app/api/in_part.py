"""What stays of a body of which something was refused, so that the rules tell at once what else is wrong.

A member that was refused, or that would be needed and is missing, cannot be read: whoever tries gets a
`RefusedFieldError`. So no rule complains of what only follows from a refusal. A rule that stands beside others is
marked by `unless_refused`: it is silent then, and the others speak.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from copy import copy
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, create_model

from app.core.errors import FieldError, InvalidRequestError, SlipwayError
from app.core.json import JsonObject

_P = ParamSpec("_P")
_Model = TypeVar("_Model", bound=BaseModel)
READ_IN_PART = object()
"""The context in which models are read without what is refused."""
_MISSING = object()


class RefusedFieldError(Exception):
    """A member of a body was needed that was refused."""


class AlsoBrokenError(Exception):
    """What the rules have against that which stays of a body."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("The body was refused in part")
        self.errors = errors


class InPart:
    """A model that may lack members."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Only asked for what is not there."""
            if name in type(self).model_fields:
                raise RefusedFieldError(name)
            return super().__getattr__(name)

        def model_dump(self, **options: Any) -> dict[str, Any]:
            """As of a whole model, which this is unless it, or one in it, lacks something."""
            if _lacks_something(self):
                raise RefusedFieldError
            return super().model_dump(**options)


@contextmanager
def unless_refused() -> Iterator[None]:
    """What is decorated by it, or stands in it, ends silently where it needs a member that was refused."""
    with suppress(RefusedFieldError):
        yield


def prepares(dependency: Callable[_P, Awaitable[None]]) -> Callable[_P, Awaitable[None]]:
    """A dependency that brings what the rules of a body need: for one in part as far as that goes."""

    @wraps(dependency)
    async def prepare(*args: _P.args, **kwargs: _P.kwargs) -> None:
        in_part = any(isinstance(value, InPart) for value in kwargs.values())
        with suppress(RefusedFieldError, SlipwayError) if in_part else nullcontext():
            await dependency(*args, **kwargs)

    prepare.takes_parts = True  # type: ignore[attr-defined]
    return prepare


def only_telling(endpoint: Callable[_P, Awaitable[Any]]) -> Callable[_P, Awaitable[Any]]:
    """An endpoint that for a body in part never ends well: it raises AlsoBrokenError, and nothing is committed."""

    @wraps(endpoint)
    async def answer(*args: _P.args, **kwargs: _P.kwargs) -> Any:
        if not any(isinstance(value, InPart) for value in kwargs.values()):
            return await endpoint(*args, **kwargs)
        found: Sequence[FieldError] = ()
        try:
            await endpoint(*args, **kwargs)
        except InvalidRequestError as error:
            found = error.problem.errors
        except (SlipwayError, RefusedFieldError, ValidationError):
            # What is made of a body in part may be nothing that an answer could show.
            pass
        raise AlsoBrokenError(found)

    return answer


def require_whole(body: BaseModel) -> None:
    """End here for a body in part: its rules have been heard. Raises RefusedFieldError."""
    if isinstance(body, InPart):
        raise RefusedFieldError


def patch_of(body: BaseModel, *, exclude: Collection[str] = ()) -> JsonObject:
    """What a merge patch names, as JSON, without members that lack something."""
    return BaseModel.model_dump(body, mode="json", exclude_unset=True, exclude={*exclude, *_lacking(body)})


def as_patched(settings: _Model, body: BaseModel) -> _Model:
    """What a patch made of settings, for their rules: a member of which the patch lacks something cannot be read."""
    lacking = _lacking(body)
    if not lacking:
        return settings
    kept = {name: value for name, value in settings.__dict__.items() if name not in lacking}
    part = in_part_of(type(settings)).model_construct(**kept)
    for name in lacking & part.__dict__.keys():
        del part.__dict__[name]
    return cast("_Model", part)


def read_in_part(model: type[BaseModel], document: Any) -> BaseModel | None:
    """Read a document without what the model refuses of it; None where nothing can be read."""
    try:
        return in_part_of(model).model_validate(document, context=READ_IN_PART)
    except (ValidationError, RefusedFieldError):
        return None


def validate_in_part(
    model: type[BaseModel], given: Any, handler: ModelWrapValidatorHandler[Any], context: object
) -> Any:
    """Validate as a model does; in the context READ_IN_PART leave out which of its members are refused."""
    if context is not READ_IN_PART:
        return handler(given)
    if not issubclass(model, InPart):
        return in_part_of(model).model_validate(given, context=context)
    refused: set[str] = set()
    try:
        part = handler(given)
    except ValidationError as error:
        places = [found["loc"] for found in error.errors(include_url=False, include_input=False)]
        if not isinstance(given, dict) or () in places:
            raise
        refused = {str(place[0]) for place in places}
        part = handler({name: value for name, value in given.items() if name not in refused})
    refused &= model.model_fields.keys()
    # It was given, though what it is cannot be read.
    part.model_fields_set.update(refused)
    for name in refused | {name for name, value in part.__dict__.items() if value is _MISSING}:
        del part.__dict__[name]
    return part


@cache
def in_part_of(model: type[BaseModel]) -> type[BaseModel]:
    """The same model, of which nothing is required."""
    optional: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if field.is_required():
            optional[name] = (field.annotation, copy(field))
            optional[name][1].default = _MISSING
    bases: Any = (InPart, model)
    part: type[BaseModel] = create_model(model.__name__, __base__=bases, __module__=model.__module__, **optional)
    return part


def _lacking(body: BaseModel) -> set[str]:
    members = body.__dict__
    return {name for name in type(body).model_fields if name not in members or _lacks_something(members[name])}


def _lacks_something(value: object) -> bool:
    if isinstance(value, BaseModel):
        members = value.__dict__
        return members.keys() != type(value).model_fields.keys() or any(map(_lacks_something, members.values()))
    return isinstance(value, list) and any(map(_lacks_something, value))
