"""The operations of the committed OpenAPI document, as a test sends them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from app.models import Role

FILE = Path(__file__).parents[2] / "openapi" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    described: dict[str, Any]

    @property
    def name(self) -> str:
        """Its operationId."""
        return str(self.described["operationId"])

    @property
    def needs_key(self) -> bool:
        """Whether only callers with a key may send it."""
        return self.described.get("security") != []

    def parameters(self, place: str) -> dict[str, dict[str, Any]]:
        """The schemas of its parameters in `path`, `query` or `header`, by name."""
        return {each["name"]: each["schema"] for each in self.described.get("parameters", []) if each["in"] == place}

    def example_path(self, **values: str) -> str:
        """The path with these values; where none is given, with the parameter's example."""
        path = self.path
        for name, schema in self.parameters("path").items():
            path = path.replace(f"{{{name}}}", values.get(name) or schema["examples"][0])
        return path

    def example_query(self) -> dict[str, str]:
        """The examples of the query parameters that must be given."""
        needed = [each for each in self.described.get("parameters", []) if each["in"] == "query" and each["required"]]
        return {each["name"]: each["schema"]["examples"][0] for each in needed}

    def bodies(self) -> list[Any]:
        """Its examples of bodies; one None where it takes no body."""
        if "requestBody" not in self.described:
            return [None]
        schema = self.described["requestBody"]["content"]["application/json"]["schema"]
        reference = next(each["$ref"] for each in [schema, *schema.get("anyOf", [])] if "$ref" in each)
        examples: list[Any] = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]].get("examples", [])
        return examples


def _operations() -> Iterator[Operation]:
    for path, item in DOCUMENT["paths"].items():
        for method, described in item.items():
            yield Operation(method.upper(), path, described)


OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _operations()}
"""By operationId."""


def api_routes(app: FastAPI) -> Iterator[APIRoute]:
    """The routes under `/v1`."""
    for context in iter_route_contexts(app.routes):
        if (context.path or "").startswith("/v1"):
            assert isinstance(context.original_route, APIRoute)
            yield context.original_route


def role_of(route: APIRoute) -> Role | None:
    """The role that a route's dependencies ask for."""
    roles = [getattr(dependency.call, "role", None) for dependency in route.dependant.dependencies]
    return next((role for role in roles if role is not None), None)
