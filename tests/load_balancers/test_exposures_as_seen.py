"""A cluster's reader, from a Service that somebody makes with kubectl to what the API lists, and back."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.load_balancers.exposed import Stage, addresses_of
from tests.load_balancers.exposing import EXPOSURES
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway, reading

pytestmark = ONE_DATABASE


async def until(slipway: Slipway, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """The cluster's exposures, as soon as they are as expected."""
    found: list[dict[str, Any]] = []
    for _ in range(300):
        found = (await slipway.ask("GET", EXPOSURES)).json()["items"]
        if holds(found):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def test_what_kubectl_makes_appears_is_explained_and_goes(slipway: Slipway) -> None:
    """Trouble 53 for Services of others: address, ports, and why there is none."""
    stage = await Stage.open(slipway)
    own = await stage.expose()
    async with reading(slipway):
        await stage.inside.add_service("theirs")
        listed = await until(
            slipway, lambda found: any(each["state"] == "ready" and not each["managed"] for each in found)
        )
        theirs = next(each for each in listed if not each["managed"])
        service = await stage.inside.service("theirs")
        assert service is not None
        assert (theirs["name"], addresses_of(theirs)) == ("theirs", list(service.ingress))
        assert theirs["ports"][0]["port"] == 80

        stage.fault(
            "error", "PublicIPAddresses_CreateOrUpdate", status=400, code="PublicIPCountLimitReached", message="x"
        )
        await stage.inside.add_service("waits")
        listed = await until(slipway, lambda found: any(each["pending"] for each in found))
        waits = next(each for each in listed if each["pending"])
        assert (waits["name"], waits["state"], waits["pending"]["code"]) == (
            "waits",
            "pending",
            "azure_public_ip_limit",
        )
        slipway.azure.clear_faults()

        for name in ("theirs", "waits"):
            await stage.inside.delete_service(name)
        listed = await until(slipway, lambda found: len(found) == 1)
        assert [each["id"] for each in listed] == [own["id"]]

        await stage.inside.delete_service("web")
        await until(slipway, lambda found: [each["state"] for each in found] == ["lost"])
    assert "exposure.lost" in [each["type"] for each in await slipway.events()]
