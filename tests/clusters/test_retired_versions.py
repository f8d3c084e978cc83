"""Azure retires versions and brings out others: Slipway's lists, offers and judgements follow."""

from datetime import timedelta

from app.catalog.live import CatalogSource
from app.clusters.observe import observe_conditions, observe_versions
from tests.clusters.azure_by_itself import act
from tests.clusters.test_scaling import Later
from tests.support.whole import Slipway


async def _a_day_later(slipway: Slipway) -> None:
    """The observer's rounds, once what is known of the versions is too old."""
    parts = slipway.parts
    later = Later(slipway, timedelta(days=1) / timedelta(minutes=1))
    source = CatalogSource(parts.gateways.azure, parts.database, later, parts.settings.azure)
    await observe_versions(parts.database, source)
    await observe_conditions(parts.database, later)


async def _supported(slipway: Slipway) -> tuple[str, str]:
    conditions = (await slipway.cluster())["conditions"]
    found = next(each for each in conditions if each["type"] == "VersionSupported")
    return found["status"], found["reason"]


async def _listed(slipway: Slipway) -> list[str]:
    return [each["version"] for each in (await slipway.ask("GET", "/v1/versions?location=westeurope")).json()["items"]]


async def test_a_version_that_is_retired_is_told_and_gone_from_the_lists_and_one_that_comes_is_offered(
    slipway: Slipway,
) -> None:
    await slipway.create(kubernetes_version="1.32.9")
    await observe_versions(slipway.parts.database, slipway.parts.catalog_source)
    await observe_conditions(slipway.parts.database, slipway.parts.clock)
    assert await _supported(slipway) == ("True", "Supported")
    assert "1.32.9" in await _listed(slipway)

    act(slipway, "versions", retire=["1.32", "1.31", "1.30"], offer=["1.33.9"])
    await _a_day_later(slipway)

    assert await _supported(slipway) == ("False", "OutOfSupport")
    listed = await _listed(slipway)
    assert "1.33.9" in listed
    assert not [version for version in listed if version.startswith("1.32")]
    turned = [event for event in await slipway.events() if event["type"] == "cluster.condition_changed"]
    assert [(event["data"]["type"], event["data"]["reason"]) for event in turned][-1] == (
        "VersionSupported",
        "OutOfSupport",
    )
    offers = (await slipway.ask("GET", "/v1/clusters/blue/upgrades")).json()
    assert "1.33.9" in str(offers)
    job = await slipway.done("POST", "/v1/clusters/blue:upgrade", {"kubernetes_version": "1.33"})
    assert job["outcome"]["kubernetes_version"] == "1.33.9"
    await _a_day_later(slipway)
    assert await _supported(slipway) == ("True", "Supported")


async def test_a_cluster_of_a_retired_version_can_still_be_changed(slipway: Slipway) -> None:
    await slipway.create(kubernetes_version="1.32.9")
    act(slipway, "versions", retire=["1.32"])
    await slipway.done("PATCH", "/v1/clusters/blue", {"tags": {"team": "shop"}})
    await slipway.done("POST", "/v1/clusters/blue:scale", {"node_pool": "system", "count": 2})
    await slipway.done("POST", "/v1/clusters/blue:reconcile")
    assert (await slipway.cluster())["kubernetes_version"] == "1.32.9"
