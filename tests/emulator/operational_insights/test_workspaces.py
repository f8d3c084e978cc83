"""Log Analytics workspaces as Azure makes, keeps and refuses them."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.conftest import Arm, Reply
from tests.support.local_azure import LocalAzureForTests

_BODY: dict[str, Any] = {"location": "westeurope", "properties": {"sku": {"name": "PerGB2018"}}}


@dataclass
class Workspaces:
    arm: Arm
    azure: LocalAzureForTests

    async def send(self, method: str, path: str = "w-one", body: Any = None, **query: str) -> Reply:
        at = f"resourceGroups/g1/providers/Microsoft.OperationalInsights/workspaces/{path}"
        more: dict[str, Any] = {"api-version": "2025-07-01", **query}
        return await self.arm.send(method, at.rstrip("/"), body, **more)

    async def make(self) -> dict[str, Any]:
        assert (await self.send("PUT", body=_BODY)).status == 201
        self.azure.advance(18)
        made: dict[str, Any] = (await self.send("GET")).body
        return made

    async def deleted(self) -> list[str]:
        at = "providers/Microsoft.OperationalInsights/deletedWorkspaces"
        version: dict[str, Any] = {"api-version": "2025-07-01"}
        reply = await self.arm.send("GET", at, **version)
        return [entry["name"] for entry in reply.body["value"]]

    async def listed(self) -> list[str]:
        """What the group's list of resources shows."""
        version: dict[str, Any] = {"api-version": "2022-09-01"}
        reply = await self.arm.send("GET", "resourceGroups/g1/resources", **version)
        return [entry["name"] for entry in reply.body["value"]]


@pytest.fixture
async def workspaces(arm: Arm, stopped_azure: LocalAzureForTests) -> Workspaces:
    await arm.make_group()
    return Workspaces(arm, stopped_azure)


async def test_a_workspace_is_made_and_changed_by_operations(workspaces: Workspaces) -> None:
    put = await workspaces.send("PUT", body=_BODY)
    assert (put.status, put.body["properties"]["provisioningState"]) == (201, "Creating")
    assert (await workspaces.arm.status_of(put))["status"] == "InProgress"
    workspaces.azure.advance(18)
    assert (await workspaces.arm.status_of(put))["status"] == "Succeeded"
    changed = await workspaces.send("PUT", body={**_BODY, "properties": {"retentionInDays": 90}})
    assert (changed.status, changed.body["properties"]["provisioningState"]) == (200, "Updating")
    again = await workspaces.send("PUT", body=_BODY)
    assert (again.status, again.body["error"]["code"]) == (409, "Conflict")
    workspaces.azure.advance(5)
    read = (await workspaces.send("GET")).body["properties"]
    assert (read["provisioningState"], read["retentionInDays"]) == ("Succeeded", 90)


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("w-", _BODY, "InvalidWorkspaceName"),
        ("w_one", _BODY, "InvalidWorkspaceName"),
        ("w-one", {}, "LocationRequired"),
        ("w-one", {"location": "atlantis"}, "LocationNotAvailableForResourceType"),
        ("w-one", {**_BODY, "properties": {"retentionInDays": 29}}, "InvalidParameter"),
        ("w-one", {**_BODY, "properties": {"sku": {"name": "Free"}}}, "InvalidParameter"),
    ],
)
async def test_what_azure_refuses_of_a_workspace(workspaces: Workspaces, name: str, body: Any, code: str) -> None:
    reply = await workspaces.send("PUT", name, body)
    assert (reply.status, reply.body["error"]["code"]) == (400, code)


async def test_a_deleted_workspace_comes_back_with_its_id_within_14_days(workspaces: Workspaces) -> None:
    before = await workspaces.make()
    assert (await workspaces.send("DELETE")).status == 200
    assert (await workspaces.send("GET")).status == 404
    assert await workspaces.deleted() == ["w-one"]
    assert await workspaces.listed() == []
    elsewhere = await workspaces.send("PUT", body={**_BODY, "location": "northeurope"})
    assert (elsewhere.status, elsewhere.body["error"]["code"]) == (409, "Conflict")
    after = await workspaces.make()
    assert after["properties"]["customerId"] == before["properties"]["customerId"]
    assert await workspaces.deleted() == []


async def test_a_workspace_that_was_deleted_for_good_or_long_ago_does_not_come_back(workspaces: Workspaces) -> None:
    first = await workspaces.make()
    assert (await workspaces.send("DELETE", force="true")).status == 200
    assert await workspaces.deleted() == []
    second = await workspaces.make()
    await workspaces.send("DELETE")
    workspaces.azure.advance(14 * 86_400)
    workspaces.arm.token = workspaces.azure.token()
    third = await workspaces.make()
    assert len({made["properties"]["customerId"] for made in (first, second, third)}) == 3


async def test_keys_are_given_and_made_anew(workspaces: Workspaces) -> None:
    await workspaces.make()
    keys = (await workspaces.send("POST", "w-one/sharedKeys")).body
    assert set(keys) == {"primarySharedKey", "secondarySharedKey"}
    anew = (await workspaces.send("POST", "w-one/regenerateSharedKey")).body
    assert set(anew.values()) & set(keys.values()) == set()
    assert (await workspaces.send("POST", "w-one/sharedKeys")).body == anew
