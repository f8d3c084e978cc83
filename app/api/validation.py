"""From Pydantic's errors to ours: stable codes, JSON Pointers, the nearest known name, and no echo of what was sent."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, get_args

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from pydantic_core.core_schema import ErrorType

from app.api.json_body import escape_pointer
from app.api.query import nearest
from app.api.schemas import RequestModel
from app.core.errors import FieldError, InvalidRequestError, NotFoundError, SlipwayError
from app.core.json import JsonObject

# Errors that are not Pydantic's own are ours (PydanticCustomError): their code and sentence are kept.
_PYDANTICS = frozenset(get_args(ErrorType))
_CODES = {
    "missing": ("required", "This is required."),
    "extra_forbidden": ("unknown_field", "There is no such field."),
    "literal_error": ("unknown_value", None),
    "enum": ("unknown_value", None),
    "union_tag_invalid": ("unknown_value", None),
    "json_invalid": ("invalid_json", None),
    "int_parsing": ("wrong_type", "Input should be a valid integer"),
    "int_parsing_size": ("out_of_range", "The integer is too large."),
    "bool_parsing": ("wrong_type", "Input should be true or false"),
    "model_attributes_type": ("wrong_type", "Input should be an object"),
    # Pydantic's own sentence names a character that was sent.
    "uuid_parsing": ("wrong_format", "Input should be a UUID"),
    "value_error": ("invalid_value", "The value is not valid."),
    "assertion_error": ("invalid_value", "The value is not valid."),
}
_BY_FORM = (
    (re.compile(r"^(greater|less)_than|^multiple_of|^finite_number"), "out_of_range"),
    (re.compile(r"^(string_)?too_(short|long)$"), "wrong_length"),
    (re.compile(r"_type$|_from_float$"), "wrong_type"),
    (re.compile(r"_parsing$"), "wrong_format"),
)
_QUOTED = re.compile(r"'([^']*)'")
_HEADERS = {"if-match": "If-Match", "if-none-match": "If-None-Match", "idempotency-key": "Idempotency-Key"}


def _code_of(error: dict[str, Any], model: type[BaseModel] | None) -> tuple[str, str]:
    kind, message, context = error["type"], error["msg"], error.get("ctx", {})
    if kind not in _PYDANTICS:
        return kind, message
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        example = None if model is None else _examples_of(model).get(pattern)
        return "wrong_format", f"Write it like `{example}`; the pattern is {pattern}" if example else (
            f"It has to match the pattern {pattern}"
        )
    if kind in {"too_short", "too_long"}:
        # Pydantic speaks of "items after validation", and says how long a secret was.
        unit = "characters" if context["field_type"] == "Value" else "entries"
        bound = f"at least {context['min_length']}" if kind == "too_short" else f"at most {context['max_length']}"
        return "wrong_length", f"It should have {bound} {unit}"
    if kind in _CODES:
        code, fixed = _CODES[kind]
        return code, fixed or message
    return next((code for form, code in _BY_FORM if form.search(kind)), "invalid_value"), message


@lru_cache(maxsize=256)
def _schema_of(model: type[BaseModel]) -> JsonObject:
    return TypeAdapter(model).json_schema()


@lru_cache(maxsize=256)
def _examples_of(model: type[BaseModel]) -> Mapping[str, str]:
    """What is written as it has to be, by the pattern that it has to match."""
    found: dict[str, str] = {}
    here: list[object] = [_schema_of(model)]
    while here:
        node = here.pop()
        if isinstance(node, dict):
            here.extend(node.values())
            if isinstance(node.get("pattern"), str) and node.get("examples"):
                found[node["pattern"]] = node["examples"][0]
        elif isinstance(node, list):
            here.extend(node)
    return found


def _fields_at(schema: JsonObject, path: Sequence[str | int]) -> list[str]:
    """Return the names of the fields that the schema knows at a place in a document."""
    definitions = schema.get("$defs", {})
    here = [schema]
    for part in [*path, None]:
        opened: list[JsonObject] = []
        while here:
            node = here.pop()
            if "$ref" in node:
                here.append(definitions[node["$ref"].rpartition("/")[2]])
            elif choices := node.get("anyOf") or node.get("oneOf"):
                here.extend(choices)
            else:
                opened.append(node)
        if part is None:
            return sorted({name for node in opened for name in node.get("properties", {})})
        if isinstance(part, int):
            here = [node["items"] for node in opened if isinstance(node.get("items"), dict)]
        else:
            here = [node["properties"][part] for node in opened if part in node.get("properties", {})]
    return []


def body_model(route: object) -> type[BaseModel] | None:
    """The model of a route's body, if it has one."""
    field = route.body_field if isinstance(route, APIRoute) else None
    if field is None:
        return None
    annotation = field.field_info.annotation
    candidates = [annotation, *get_args(annotation)]
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def _hint(error: dict[str, Any], path: Sequence[str | int], model: type[BaseModel] | None) -> str | None:
    kind = error["type"]
    if kind == "extra_forbidden" and model is not None:
        known = _fields_at(_schema_of(model), path[:-1])
        close = nearest(str(path[-1]), known)
        return f"Did you mean `{close}`?" if close else f"Known here: {', '.join(known)}." if known else None
    if kind in {"literal_error", "enum"} and isinstance(error.get("input"), str):
        known = _QUOTED.findall(str(error.get("ctx", {}).get("expected", "")))
        close = nearest(error["input"], known)
        return f"Did you mean `{close}`?" if close else None
    return None


def _way_round(error: dict[str, Any], path: Sequence[str | int], model: type[BaseModel] | None) -> str | None:
    """What to do in place of sending a field that the body's model calls fixed."""
    if error["type"] != "extra_forbidden" or len(path) != 1 or model is None or not issubclass(model, RequestModel):
        return None
    return model.fixed.get(str(path[0]))


def _pointer(place: str, path: Sequence[str | int]) -> str:
    if place == "body":
        # Pydantic's mark for "the key itself", not a part of the document.
        path = path[:-1] if path and path[-1] == "[key]" else path
        return "".join(f"/{part if isinstance(part, int) else escape_pointer(part)}" for part in path)
    name = str(path[0]) if path else ""
    return f"{place}:{_HEADERS.get(name.lower(), name) if place == 'header' else escape_pointer(name)}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def problem_of_validation(
    request: Request, found: Sequence[Any], flaws: Sequence[FieldError] = (), also: Sequence[FieldError] = ()
) -> SlipwayError:
    """Return one error for all that is wrong in a request; 404 when it is the path.

    `found` is Pydantic's; `flaws` were found in the body before, and say all of their places; `also` were found by
    rules in what stays of the body.
    """
    model = body_model(request.scope.get("route"))
    flawed = {flaw.pointer for flaw in flaws}
    # Without repetition: a body that a dependency reads as well is validated for each of its readers.
    errors: dict[FieldError, None] = dict.fromkeys(flaws)
    for error in found:
        place, *path = error["loc"]
        if place == "path":
            return NotFoundError("There is no such thing.")
        if (pointer := _pointer(place, path)) in flawed:
            continue
        way_round = _way_round(error, path, model)
        if way_round is not None:
            errors[FieldError("immutable", pointer, way_round)] = None
            continue
        code, message = _code_of(error, model if place == "body" else None)
        hint = _hint(error, path, model) if place == "body" or error["type"] in {"literal_error", "enum"} else None
        detail = " ".join(_sentence(part) for part in (message, hint) if part)
        errors[FieldError(code, pointer, detail)] = None
    refused = tuple(f"{error.pointer}/" for error in errors)
    errors |= dict.fromkeys(error for error in also if not f"{error.pointer}/".startswith(refused))
    places = "one place" if len(errors) == 1 else f"{len(errors)} places"
    return InvalidRequestError(f"The request is not valid in {places}; `errors` says where.", errors=list(errors))
