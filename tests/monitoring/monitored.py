"""What the tests of monitoring do again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from app.azure.types.call import Call
from app.azure.types.monitoring import LogWorkspaceSpec
from app.monitoring.observe.workspaces import observe_workspaces
from tests.support.local_azure import LocalAzureForTests
from tests.support.whole import Slipway

T = TypeVar("T")

AT = "/v1/clusters/blue/monitoring"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"
RULE = "Microsoft.Insights/dataCollectionRules"
PUT = "ManagedClusters_CreateOrUpdate"


async def monitoring(slipway: Slipway, name: str = "blue") -> dict[str, Any]:
    """A cluster's monitoring as the API shows it."""
    answer = await slipway.ask("GET", f"/v1/clusters/{name}/monitoring")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until(read: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> T:
    """Read until it is good, for ten seconds at most; the local Azure lives in a thread and a time of its own."""
    for _ in range(100):
        found = await read()
        if good(found):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def enabled(slipway: Slipway, name: str = "blue", **body: Any) -> dict[str, Any]:
    """Turn monitoring on; the job at its good end."""
    return await slipway.done("PUT", f"/v1/clusters/{name}/monitoring", body)


async def enabling(slipway: Slipway, **body: Any) -> dict[str, Any]:
    """Turn monitoring on; the job at its end, good or bad."""
    return await slipway.ended(await slipway.accepted("PUT", AT, body))


async def refused(slipway: Slipway, body: dict[str, Any], *, status: int = 422) -> dict[str, str]:
    """The pointers and codes of a request that is refused."""
    answer = await slipway.ask("PUT", AT, body)
    assert answer.status_code == status, answer.text
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


async def observe(slipway: Slipway) -> None:
    """One round of the observer."""
    await observe_workspaces(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)


def of_type(azure: LocalAzureForTests, kind: str) -> list[dict[str, Any]]:
    """The bodies of all resources of a type."""

    async def read() -> list[dict[str, Any]]:
        return [dict(each.body) for each in azure.azure.cloud.store.of_type(kind)]

    return azure.call(read())


def _call(slipway: Slipway) -> Call:
    return Call(deadline=slipway.parts.clock.now() + timedelta(seconds=30))


async def remove(slipway: Slipway, group: str, name: str, *, forever: bool = False) -> None:
    """Somebody deletes a workspace outside; `forever`: so that it cannot be brought back."""
    azure = slipway.parts.gateways.azure.subscription(slipway.azure.subscription_id)
    assert await azure.monitoring.workspaces.delete(group, name, call=_call(slipway))
    if forever:
        gone = azure.monitoring.workspaces.id_of(group, name).replace("/workspaces/", "/deletedWorkspaces/")

        async def forget() -> bool:
            return slipway.azure.azure.cloud.store.remove(gone) is not None

        assert slipway.azure.call(forget())


async def foreign(slipway: Slipway, name: str = "theirs", *, group: str = "team", location: str = "westeurope") -> str:
    """A workspace of another team's, made without Slipway; its id."""
    slipway.azure.register("Microsoft.OperationalInsights")
    azure = slipway.parts.gateways.azure.subscription(slipway.azure.subscription_id)
    await azure.resource_groups.put(group, location, {}, call=_call(slipway))
    spec = LogWorkspaceSpec(location, {"team": "a"}, retention_days=90, daily_cap_gb=2)
    return (await azure.monitoring.workspaces.put(group, name, spec, call=_call(slipway))).workspace.id
