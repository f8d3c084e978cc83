"""Storage accounts as Azure makes, changes and refuses them."""

from typing import Any

import pytest

from tests.emulator.storage.conftest import PREMIUM, STANDARD, Storage, refusal

_SUBNET = "resourceGroups/g1/providers/Microsoft.Network/virtualNetworks/v1"


async def test_a_new_account_is_made_by_an_operation_that_only_location_leads_to(storage: Storage) -> None:
    put = await storage.send("PUT", body=STANDARD)
    assert (put.status, put.text, put.headers["retry-after"]) == (202, "", "17")
    assert "azure-asyncoperation" not in put.headers
    running = await storage.send("GET", put.headers["location"])
    assert (running.status, running.text) == (202, "")
    assert (await storage.send("GET")).body["properties"]["provisioningState"] == "Creating"
    storage.azure.advance(26)
    ended = await storage.send("GET", put.headers["location"])
    assert ended.status == 200
    assert ended.body == (await storage.send("GET")).body
    assert ended.body["properties"]["minimumTlsVersion"] == "TLS1_2"
    assert ended.body["properties"]["primaryEndpoints"]["file"] == "https://files1.file.core.windows.net/"


async def test_an_account_that_is_there_is_changed_at_once(storage: Storage) -> None:
    await storage.make()
    again = await storage.send("PUT", body={**STANDARD, "properties": {"minimumTlsVersion": "TLS1_3"}})
    assert (again.status, again.body["properties"]["minimumTlsVersion"]) == (200, "TLS1_3")
    patched = await storage.send("PATCH", body={"tags": {"team": "shop"}, "properties": {}})
    assert (patched.status, patched.body["tags"]) == (200, {"team": "shop"})
    assert patched.body["properties"]["minimumTlsVersion"] == "TLS1_3"


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("Files", STANDARD, (400, "AccountNameInvalid")),
        ("ab", STANDARD, (400, "AccountNameInvalid")),
        ("a" * 25, STANDARD, (400, "AccountNameInvalid")),
        ("files2", {**STANDARD, "location": "atlantis"}, (400, "LocationNotAvailableForResourceType")),
        ("files2", {**STANDARD, "location": None}, (400, "LocationRequired")),
        ("files2", {**STANDARD, "sku": {"name": "Standard_None"}}, (400, "InvalidValuesForRequestParameters")),
        ("files2", {**STANDARD, "kind": "Nothing"}, (400, "InvalidValuesForRequestParameters")),
        ("files2", {**STANDARD, "kind": "FileStorage"}, (400, "InvalidAccountType")),
        ("files1", {**STANDARD, "location": "northeurope"}, (409, "InvalidResourceLocation")),
        ("files1", {**STANDARD, "properties": {"isHnsEnabled": True}}, (400, "AccountPropertyCannotBeUpdated")),
    ],
)
async def test_what_azure_refuses_of_an_account(
    storage: Storage, name: str, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    await storage.make()
    assert refusal(await storage.send("PUT", account=name, body=body)) == expected


async def test_a_name_belongs_to_one_account_in_the_world(storage: Storage) -> None:
    await storage.make()
    await storage.arm.make_group("g2")
    elsewhere = await storage.send("PUT", storage.account("files1", "g2"), STANDARD)
    assert refusal(elsewhere) == (409, "StorageAccountInAnotherResourceGroup")
    path = "providers/Microsoft.Storage/checkNameAvailability"
    asked = {"name": "files1", "type": "Microsoft.Storage/storageAccounts"}
    assert (await storage.send("POST", path, asked)).body["reason"] == "AlreadyExists"
    assert (await storage.send("POST", path, {**asked, "name": "files2"})).body == {"nameAvailable": True}


async def test_nothing_can_be_asked_of_an_account_before_it_is_made(storage: Storage) -> None:
    await storage.send("PUT", body=STANDARD)
    assert refusal(await storage.send("POST", "listKeys")) == (409, "StorageAccountIsNotProvisioned")
    assert refusal(await storage.put_share("data")) == (409, "StorageAccountIsNotProvisioned")
    assert refusal(await storage.send("PUT", body=STANDARD)) == (409, "StorageAccountOperationInProgress")


async def test_a_regenerated_key_is_another_one_and_the_other_key_stays(storage: Storage) -> None:
    await storage.make()
    before = {key["keyName"]: key["value"] for key in (await storage.send("POST", "listKeys")).body["keys"]}
    reply = await storage.send("POST", "regenerateKey", {"keyName": "key1"})
    after = {key["keyName"]: key["value"] for key in reply.body["keys"]}
    assert set(after) == {"key1", "key2"}
    assert (after["key1"] != before["key1"], after["key2"] == before["key2"]) == (True, True)
    assert (await storage.send("POST", "listKeys")).body == reply.body
    assert refusal(await storage.send("POST", "regenerateKey", {"keyName": "key3"}))[0] == 400


async def test_network_rules_take_only_subnets_with_a_service_endpoint_for_storage(storage: Storage) -> None:
    await storage.make()
    subnet = f"{storage.arm.path(_SUBNET)}/subnets/s1"
    rules = {"properties": {"networkAcls": {"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet}]}}}
    refused = await storage.send("PATCH", body=rules)
    assert refusal(refused) == (400, "NetworkAclsValidationFailure")
    assert "SubnetsNotFound" in refused.body["error"]["message"]


async def test_a_deleted_account_takes_its_shares_along_and_its_name_is_free(storage: Storage) -> None:
    await storage.make()
    await storage.put_share("data")
    assert (await storage.send("DELETE")).status == 200
    assert (await storage.send("DELETE")).status == 204
    assert refusal(await storage.send("GET", "fileServices/default/shares/data")) == (404, "ResourceNotFound")
    await storage.make(body=PREMIUM)
    assert await storage.shares() == []


async def test_usages_count_the_accounts_of_a_location(storage: Storage) -> None:
    await storage.make()
    await storage.make("files2", {**STANDARD, "location": "northeurope"})
    reply = await storage.send("GET", "providers/Microsoft.Storage/locations/westeurope/usages")
    [usage] = reply.body["value"]
    assert (usage["currentValue"], usage["limit"], usage["name"]["value"]) == (1, 250, "StorageAccounts")
