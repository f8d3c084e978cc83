import pytest
from fastapi import FastAPI

from app.api.docs import render
from app.api.openapi import build_openapi
from app.api.problems import MEDIA_TYPE
from app.api.route import api_router
from app.db.engine import Database
from tests.support import probe
from tests.support.api import client_of, make_app

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def app(database: Database) -> FastAPI:
    return make_app(database, routers=[probe.router])


def test_operations_are_named_after_their_functions(app: FastAPI) -> None:
    document = app.openapi()
    assert document["paths"]["/v1/projects"]["post"]["operationId"] == "create_project"
    assert document["paths"]["/v1/probes/{probe}:poke"]["post"]["operationId"] == "poke_probe"


def test_errors_are_documented_as_they_are_sent(app: FastAPI) -> None:
    responses = app.openapi()["paths"]["/v1/projects"]["post"]["responses"]
    assert {"400", "401", "403", "404", "408", "409", "413", "415", "422", "500", "503"} <= set(responses)
    for status, response in responses.items():
        if int(status) >= 400:
            assert list(response["content"]) == [MEDIA_TYPE]
    assert "`name_taken`" in responses["409"]["description"]
    assert "412" in app.openapi()["paths"]["/v1/projects/{project}"]["patch"]["responses"]
    assert "HTTPValidationError" not in str(app.openapi())


def test_every_post_of_the_api_takes_an_idempotency_key(app: FastAPI) -> None:
    for path, item in app.openapi()["paths"].items():
        if "post" in item:
            assert any(p["name"] == "Idempotency-Key" for p in item["post"]["parameters"]), path


def test_all_but_the_watchers_paths_need_a_key(app: FastAPI) -> None:
    document = app.openapi()
    open_paths = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if operation.get("security", document["security"]) == []
    }
    assert open_paths == {"/livez", "/readyz", "/metrics"}


def test_no_parameter_is_null_or_set_by_http_itself(app: FastAPI) -> None:
    for path, item in app.openapi()["paths"].items():
        for parameter in (each for operation in item.values() for each in operation.get("parameters", [])):
            assert "null" not in str(parameter["schema"]), (path, parameter["name"])
            # OpenAPI ignores these three: a generated client would have no way to send them, or fail to be made.
            assert parameter["name"].lower() not in {"accept", "authorization", "content-type"}, path


def test_links_lead_to_operations_and_their_parameters(app: FastAPI) -> None:
    operations = {o["operationId"]: o for item in app.openapi()["paths"].values() for o in item.values()}
    links = [
        link
        for operation in operations.values()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert {"get_job", "get_cluster_by_id_or_name", "revoke_api_key"} <= {link["operationId"] for link in links}
    for link in links:
        parameters = {each["name"] for each in operations[link["operationId"]]["parameters"]}
        assert link["parameters"].keys() <= parameters, link


def test_constraints_reach_the_document(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    name = schemas["ProjectCreate"]["properties"]["name"]
    assert (name["maxLength"], name["pattern"]) == (63, "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    assert schemas["ProjectCreate"]["additionalProperties"] is False


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")
def test_two_operations_of_one_name_are_refused(app: FastAPI) -> None:
    router = api_router(prefix="/v1/again", tags=["again"])

    @router.get("")
    async def create_project() -> None: ...

    app.include_router(router)
    with pytest.raises(ValueError, match="create_project"):
        build_openapi(app)


async def test_the_docs_need_no_network_and_no_script(app: FastAPI) -> None:
    async with client_of(app) as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
        assert "http://" not in page.text
        assert "https://" not in page.text
        assert "create_project" in page.text
        assert (await client.get("/openapi.json")).json() == app.openapi()


def test_the_docs_escape_what_they_show(app: FastAPI) -> None:
    document = {
        "info": {"title": "<b>", "version": "1"},
        "paths": {"/<i>": {"get": {"operationId": "x", "summary": "<script>", "responses": {}}}},
    }
    page = render(document)
    assert "<script>" not in page
    assert "<i>" not in page
