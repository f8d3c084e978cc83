"""Rules that every route keeps, read from the routes themselves."""

import importlib.util
from collections.abc import Iterator
from typing import get_args

import pytest
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel

from app.api.route import StrictRoute
from app.db.engine import Database
from app.models import Role
from tests.support.api import client_of, make_app

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def routes(database: Database) -> list[RouteContext]:
    contexts = iter_route_contexts(make_app(database).routes)
    return [context for context in contexts if (context.path or "").startswith("/v1")]


def role_of(route: APIRoute) -> Role | None:
    roles = [getattr(dependency.call, "role", None) for dependency in route.dependant.dependencies]
    return next((role for role in roles if role is not None), None)


def original(routes: list[RouteContext]) -> Iterator[APIRoute]:
    for context in routes:
        assert isinstance(context.original_route, APIRoute)
        yield context.original_route


def test_every_route_of_the_api_is_strict_and_names_its_role(routes: list[RouteContext]) -> None:
    for route in original(routes):
        assert isinstance(route, StrictRoute), route.path
        assert role_of(route) in set(Role), route.path


def test_no_body_takes_unknown_fields(routes: list[RouteContext]) -> None:
    annotations = [r.body_field.field_info.annotation for r in original(routes) if r.body_field is not None]
    bodies = [each for body in annotations for each in (get_args(body) or (body,)) if each is not type(None)]
    assert bodies
    for body in bodies:
        assert issubclass(body, BaseModel)
        assert body.model_config.get("extra") == "forbid"
        assert body.model_config.get("strict") is True


async def test_every_route_refuses_a_stranger(database: Database, routes: list[RouteContext]) -> None:
    async with client_of(make_app(database)) as client:
        for route in original(routes):
            for method in route.methods or ():
                path = route.path.replace("{", "").replace("}", "")
                answer = await client.request(method, path)
                assert (answer.status_code, answer.json()["code"]) == (401, "credentials_required"), path
                assert answer.headers["www-authenticate"].startswith("Bearer")


def test_no_form_parser_is_installed(database_kind: str) -> None:
    assert importlib.util.find_spec("multipart") is None
    assert importlib.util.find_spec("python_multipart") is None
