import asyncio
from datetime import datetime, timedelta

from app.catalog import service
from app.catalog.live import ensure_catalogue
from app.catalog.service import CatalogKind
from app.core.errors import FieldError
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served, counted


async def test_the_lists_are_those_of_azure(served: Served) -> None:
    locations = (await served.get("/v1/locations?limit=200")).json()
    assert {"name": "westeurope", "display_name": "West Europe"} in locations["items"]
    assert locations["next_cursor"] is None
    assert datetime.fromisoformat(locations["observed_at"]).tzinfo is not None

    versions = (await served.get("/v1/versions?location=westeurope")).json()["items"]
    assert sum(version["is_default"] for version in versions) >= 1
    assert all(version["version"].startswith(version["minor"] + ".") for version in versions)

    sizes = (await served.get("/v1/node-sizes?location=westeurope&limit=200")).json()["items"]
    assert all(size["cores"] > 0 and size["memory_gib"] > 0 for size in sizes)


async def test_a_list_is_read_page_by_page(served: Served) -> None:
    whole = (await served.get("/v1/locations?limit=200")).json()["items"]
    assert len(whole) > 2
    path, seen = "/v1/locations?limit=2", []
    while path:
        answer = await served.get(path)
        page = answer.json()
        seen += page["items"]
        assert (page["next_cursor"] is None) == ("link" not in answer.headers)
        path = f"/v1/locations?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == whole
    assert (await served.get("/v1/locations?cursor=AAAA")).json()["code"] == "invalid_cursor"


async def test_azure_is_asked_again_only_after_hours(served: Served, local_azure: LocalAzureForTests) -> None:
    with counted(local_azure, "Subscriptions_ListLocations") as count:
        first = (await served.get("/v1/locations")).json()
        second = (await served.get("/v1/locations")).json()
        served.clock.by += timedelta(hours=6, seconds=1)
        third = (await served.get("/v1/locations")).json()
    assert first == second
    assert third["observed_at"] > first["observed_at"]
    assert count == [2]


async def test_requests_at_once_ask_azure_once(served: Served, local_azure: LocalAzureForTests) -> None:
    with counted(local_azure, "Subscriptions_ListLocations") as count:
        answers = await asyncio.gather(*(served.get("/v1/locations") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert count == [1]


async def test_who_has_seen_no_list_takes_the_one_that_came_meanwhile(
    served: Served, local_azure: LocalAzureForTests
) -> None:
    """Two looks into the database, and the first one's reading ends before the second one asks."""
    key = service.locations_key(local_azure.subscription_id)
    with counted(local_azure, "Subscriptions_ListLocations") as count:
        first = await served.parts.catalog_source.refresh(key, None)
        assert await served.parts.catalog_source.refresh(key, None) == first
    assert count == [1]
    served.clock.by += timedelta(seconds=1)
    assert (await served.parts.catalog_source.refresh(key, first)).observed_at > first.observed_at


async def test_an_old_list_is_better_than_none(served: Served, local_azure: LocalAzureForTests) -> None:
    """trouble 75"""
    first = (await served.get("/v1/locations")).json()
    local_azure.add_fault("error", status=403, code="AuthorizationFailed", operation="Subscriptions_ListLocations")
    served.clock.by += timedelta(hours=7)
    assert (await served.get("/v1/locations")).json() == first


async def test_without_any_list_azures_error_is_told(served: Served, local_azure: LocalAzureForTests) -> None:
    local_azure.add_fault("error", status=403, code="AuthorizationFailed", operation="Subscriptions_ListLocations")
    answer = await served.get("/v1/locations")
    assert answer.status_code == 502
    assert answer.json()["azure"]["code"] == "AuthorizationFailed"


async def test_an_unknown_location_is_refused_with_the_nearest(served: Served) -> None:
    answer = await served.get("/v1/versions?location=westeurop")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["code"], error["pointer"]) == ("unknown_location", "query:location")
    assert "`westeurope`" in error["detail"]


async def test_sizes_tell_their_zones_and_versions_their_support(served: Served) -> None:
    answer = await served.get("/v1/node-sizes?location=westeurope&limit=200")
    sizes = {size["name"]: size for size in answer.json()["items"]}
    assert sizes["Standard_D4s_v5"]["zones"] == ["1", "2", "3"]
    assert sizes["Standard_D4s_v5"]["restricted"] is None
    assert sizes["Standard_D4s_v5"]["family"] == "standardDSv5Family"
    assert int(answer.headers["age"]) >= 0
    versions = (await served.get("/v1/versions?location=westeurope")).json()["items"]
    assert [version["version"] for version in versions if version["is_preview"]] == ["1.35.0"]
    long_term_only = [each["version"] for each in versions if each["support_plans"] == ["AKSLongTermSupport"]]
    assert long_term_only == ["1.30.14"]


async def test_nobody_sees_the_lists_without_a_key(served: Served) -> None:
    assert (await served.http.get("/v1/locations")).status_code == 401


async def judge(served: Served, location: str, *, version: str, size: str) -> list[FieldError | None]:
    subscription_id = served.parts.settings.azure.subscription_id or ""
    await ensure_catalogue(
        served.parts,
        subscription_id=subscription_id,
        location=location,
        kubernetes_version=version,
        node_sizes=[size],
    )
    now = served.clock.now()
    async with served.database.read() as session:
        return [
            await service.known_location(session, subscription_id=subscription_id, name=location, now=now),
            await service.known_version(
                session, subscription_id=subscription_id, location=location, name=version, now=now
            ),
            await service.known_size(session, subscription_id=subscription_id, location=location, name=size, now=now),
        ]


async def test_ensured_lists_judge_names(served: Served) -> None:
    listed = (await served.get("/v1/versions?location=westeurope")).json()["items"]
    assert await judge(served, "westeurope", version=listed[0]["minor"], size="Standard_D2s_v5") == [None] * 3
    found = await judge(served, "westeurope", version="1.2.3", size="Standard_D2s_v55")
    assert [wrong.code if wrong else None for wrong in found] == [
        None,
        "unknown_kubernetes_version",
        "unknown_node_size",
    ]
    wrong = (await judge(served, "westeurop", version="1.2.3", size="x"))[0]
    assert wrong is not None
    assert "`westeurope`" in wrong.detail


async def test_a_name_is_looked_up_again_before_it_is_refused(served: Served, local_azure: LocalAzureForTests) -> None:
    """trouble 75"""
    subscription_id = served.parts.settings.azure.subscription_id or ""
    key = service.location_key(subscription_id, CatalogKind.NODE_SIZES, "westeurope")
    await served.get("/v1/locations")
    async with served.database.write() as session:
        await service.record(session, key, [], now=served.clock.now() - timedelta(hours=1))
    listed = (await served.get("/v1/versions?location=westeurope")).json()["items"]
    assert await judge(served, "westeurope", version=listed[0]["minor"], size="Standard_D2s_v5") == [None] * 3


async def test_azure_that_does_not_answer_blocks_nobody(served: Served, local_azure: LocalAzureForTests) -> None:
    """trouble 75"""
    local_azure.add_fault("error", status=403, code="AuthorizationFailed")
    assert await judge(served, "nowhere", version="0.0.1", size="x") == [None] * 3
