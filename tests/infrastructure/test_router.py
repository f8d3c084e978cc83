"""`GET /v1/clusters/{cluster}/infrastructure` in its three forms."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree.ElementTree import fromstring

import httpx2
import pytest
import sqlalchemy as sa

from app.azure.types.network import SecurityGroup, Subnet, VirtualNetwork
from app.db.engine import Database
from app.models import AzureResource, Cluster, ClusterState
from tests.infrastructure.azure import AT, SUBNET_ID, changed, common, pieces, resource_id, without
from tests.infrastructure.rows import add_seen_cluster, keep
from tests.support.api import Tenant, bearer, client_of, make_app

PATH = "/v1/clusters/blue/infrastructure"


@pytest.fixture
async def http(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(make_app(database)) as client:
        yield client


async def ask(http: httpx2.AsyncClient, tenant: Tenant, path: str = PATH, **headers: str) -> httpx2.Response:
    return await http.get(path, headers=bearer(tenant.reader, **headers))


async def test_the_graph_is_read_from_what_was_seen(
    database: Database, tenant: Tenant, http: httpx2.AsyncClient
) -> None:
    cluster = await add_seen_cluster(database, tenant)
    answer = await ask(http, tenant)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    body: dict[str, Any] = answer.json()
    assert (body["cluster_id"], body["node_resource_group"]) == (cluster.id, "MC_demo_blue_westeurope")
    assert body["observed_at"] == body["services_observed_at"] == "2026-11-26T18:00:00Z"
    assert (body["missing"], body["strange"]) == ([], [])
    by_id = {node["id"]: node for node in body["nodes"]}
    served = {
        (by_id[edge["source"]]["details"]["address"], by_id[edge["target"]]["name"])
        for edge in body["edges"]
        if edge["relation"] == "serves"
    }
    assert served == {("20.61.0.17", "web")}
    kinds = [node["kind"] for node in body["nodes"]]
    assert (kinds.count("machine"), kinds.count("load_balancer"), kinds.count("public_ip")) == (1, 1, 2)


async def test_by_accept_or_by_format_it_is_a_picture_or_a_flowchart(
    database: Database, tenant: Tenant, http: httpx2.AsyncClient
) -> None:
    await add_seen_cluster(database, tenant)
    picture = await ask(http, tenant, Accept="image/svg+xml")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "20.61.0.17" in "".join(fromstring(picture.text).itertext())  # noqa: S314 - our own
    assert "script-src" not in picture.headers["content-security-policy"]
    assert picture.headers["content-security-policy"].startswith("default-src 'none'")
    flowchart = await ask(http, tenant, Accept="text/vnd.mermaid")
    assert flowchart.headers["content-type"] == "text/vnd.mermaid; charset=utf-8"
    assert flowchart.text.startswith("flowchart LR\n")
    # A browser's address line takes what it gets; `format` is what its user can say.
    browser = "text/html,application/xhtml+xml,*/*;q=0.8"
    assert (await ask(http, tenant, Accept=browser)).headers["content-type"] == "application/json"
    assert (await ask(http, tenant, f"{PATH}?format=svg", Accept=browser)).content == picture.content
    assert (await ask(http, tenant, f"{PATH}?format=mermaid", Accept="text/html")).content == flowchart.content
    as_image = await ask(http, tenant, Accept="image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8")
    assert as_image.content == picture.content
    for answer in (picture, flowchart, as_image):
        assert answer.headers["vary"] == "Accept"


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("image/svg+xml;q=0.4, text/vnd.mermaid;q=0.5", "text/vnd.mermaid; charset=utf-8"),
        ("image/svg+xml;q=0.9, application/json", "application/json"),
        ("image/*", "image/svg+xml"),
        ("text/*;q=0.1", "text/vnd.mermaid; charset=utf-8"),
        ("application/json;q=0, */*", "text/vnd.mermaid; charset=utf-8"),
        ("image/svg+xml; charset=utf-8", "image/svg+xml"),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_the_form_that_is_preferred_is_given(
    database: Database, tenant: Tenant, http: httpx2.AsyncClient, accept: str, given: str
) -> None:
    await add_seen_cluster(database, tenant)
    assert (await ask(http, tenant, Accept=accept)).headers["content-type"] == given


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_what_cannot_be_given_is_refused(database: Database, tenant: Tenant, http: httpx2.AsyncClient) -> None:
    await add_seen_cluster(database, tenant)
    answer = await ask(http, tenant, Accept="image/png, text/html")
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert "image/svg+xml" in answer.json()["detail"]
    answer = await ask(http, tenant, f"{PATH}?format=png")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query:format")


@pytest.mark.parametrize("form", ["json", "mermaid", "svg"])
async def test_the_etag_is_of_what_is_shown_and_not_of_when_it_was_seen(
    database: Database, tenant: Tenant, http: httpx2.AsyncClient, form: str
) -> None:
    await add_seen_cluster(database, tenant)
    path = f"{PATH}?format={form}"
    etag = (await ask(http, tenant, path)).headers["etag"]
    later = AT + timedelta(minutes=5)
    async with database.write() as session:
        await session.execute(sa.update(AzureResource).values(observed_at=later))
    same = await ask(http, tenant, path, If_None_Match=etag)
    assert (same.status_code, same.content, same.headers["vary"]) == (304, b"", "Accept")
    async with database.write() as session:
        gone = sa.delete(AzureResource).where(AzureResource.type == "Microsoft.Network/routeTables".lower())
        await session.execute(gone)
    other = await ask(http, tenant, path, If_None_Match=etag)
    assert other.status_code == 200
    assert other.headers["etag"] != etag


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_each_form_has_an_etag_of_its_own(database: Database, tenant: Tenant, http: httpx2.AsyncClient) -> None:
    await add_seen_cluster(database, tenant)
    etags = {(await ask(http, tenant, f"{PATH}?format={form}")).headers["etag"] for form in ("json", "mermaid", "svg")}
    assert len(etags) == 3


@pytest.mark.parametrize("state", [ClusterState.READY, ClusterState.DEGRADED])
async def test_a_deleted_route_table_is_said(
    database: Database, tenant: Tenant, http: httpx2.AsyncClient, state: ClusterState
) -> None:
    found = pieces()["network"]
    assert isinstance(found, VirtualNetwork)
    subnets = (replace(found.subnets[0], route_table_id=None),)
    seen = {**without("table"), "network": replace(found, subnets=subnets)}
    cluster = await add_seen_cluster(database, tenant, found=seen)
    async with database.write() as session:
        await session.execute(sa.update(Cluster).where(Cluster.id == cluster.id).values(state=state))
    body = (await ask(http, tenant)).json()
    (finding,) = body["missing"]
    assert (finding["code"], finding["nodes"]) == ("route_table_missing", [SUBNET_ID.lower()])
    assert finding["nodes"][0] in {node["id"] for node in body["nodes"]}
    assert "No route table" in (await ask(http, tenant, f"{PATH}?format=svg")).text


async def test_what_the_clusters_parts_name_is_found_though_it_is_nobodys(
    database: Database, tenant: Tenant, http: httpx2.AsyncClient
) -> None:
    """A network of the caller's that several clusters share, and its security group."""
    kind = "Microsoft.Network/virtualNetworks"
    guard_id = resource_id("Microsoft.Network/networkSecurityGroups", "corp-nsg", "rg-network")
    subnet = Subnet(f"{resource_id(kind, 'corp', 'rg-network')}/subnets/nodes", "nodes", ("10.1.0.0/16",), guard_id)
    network = VirtualNetwork(**common(kind, "corp", "rg-network"), subnets=(subnet,))
    guard = SecurityGroup(**common("Microsoft.Network/networkSecurityGroups", "corp-nsg", "rg-network"))
    own = {**changed("set", subnet_ids=(subnet.id,))}
    for name in ("network", "guard", "table", "nic"):
        del own[name]
    cluster = await add_seen_cluster(database, tenant, found=own)
    await keep(database, cluster, {"network": network, "guard": guard}, own=False)
    body = (await ask(http, tenant)).json()
    shown = {node["kind"]: node["name"] for node in body["nodes"] if node["resource_group"] == "rg-network"}
    assert shown == {
        "resource_group": "rg-network",
        "virtual_network": "corp",
        "subnet": "nodes",
        "network_security_group": "corp-nsg",
    }
    assert body["missing"] == []


async def test_of_a_cluster_that_is_not_seen_yet_all_forms_say_so(
    database: Database, tenant: Tenant, http: httpx2.AsyncClient
) -> None:
    cluster = await add_seen_cluster(database, tenant, found={})
    async with database.write() as session:
        creating = sa.update(Cluster).where(Cluster.id == cluster.id)
        await session.execute(creating.values(state=ClusterState.CREATING, observed=None))
    body = (await ask(http, tenant)).json()
    assert (body["observed_at"], body["node_resource_group"], body["missing"]) == (None, None, [])
    assert "not seen in Azure yet" in (await ask(http, tenant, f"{PATH}?format=svg")).text
    assert "not known yet" in (await ask(http, tenant, f"{PATH}?format=mermaid")).text


async def test_another_projects_cluster_is_not_there(
    database: Database, tenant: Tenant, other: Tenant, http: httpx2.AsyncClient
) -> None:
    cluster = await add_seen_cluster(database, tenant)
    for path in (PATH, f"/v1/clusters/{cluster.id}/infrastructure"):
        answer = await ask(http, other, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await ask(http, tenant, f"/v1/clusters/{cluster.id}/infrastructure")).status_code == 200
