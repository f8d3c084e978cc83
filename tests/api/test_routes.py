"""Rules that every route keeps, read from the routes themselves."""

import importlib.util
from typing import get_args

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.api.route import StrictRoute
from app.db.engine import Database
from app.models import Role
from tests.support.api import client_of, make_app
from tests.support.operations import api_routes, role_of

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def routes(database: Database) -> list[APIRoute]:
    return list(api_routes(make_app(database)))


def test_every_route_of_the_api_is_strict_and_names_its_role(routes: list[APIRoute]) -> None:
    for route in routes:
        assert isinstance(route, StrictRoute), route.path
        assert role_of(route) in set(Role), route.path


def test_no_body_takes_unknown_fields(routes: list[APIRoute]) -> None:
    annotations = [r.body_field.field_info.annotation for r in routes if r.body_field is not None]
    bodies = [each for body in annotations for each in (get_args(body) or (body,)) if each is not type(None)]
    assert bodies
    for body in bodies:
        assert issubclass(body, BaseModel)
        assert body.model_config.get("extra") == "forbid"
        assert body.model_config.get("strict") is True


async def test_every_route_refuses_a_stranger(database: Database, routes: list[APIRoute]) -> None:
    async with client_of(make_app(database)) as client:
        for route in routes:
            for method in route.methods or ():
                path = route.path_format.replace("{", "").replace("}", "")
                answer = await client.request(method, path)
                assert (answer.status_code, answer.json()["code"]) == (401, "credentials_required"), path
                assert answer.headers["www-authenticate"].startswith("Bearer")


def test_no_form_parser_is_installed(database_kind: str) -> None:
    assert importlib.util.find_spec("multipart") is None
    assert importlib.util.find_spec("python_multipart") is None


async def test_what_follows_a_colon_is_a_path_of_its_own(database: Database) -> None:
    async with client_of(make_app(database)) as client:
        answer = await client.get("/v1/clusters/blue:scale")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        answer = await client.get("/v1/clusters/blue:burn")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_route")
