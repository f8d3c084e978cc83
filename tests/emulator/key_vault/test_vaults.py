"""Vaults as resources: their names, and their life after deletion."""

from tests.emulator.conftest import Arm

GROUP = "resourceGroups/g1/providers/Microsoft.KeyVault/vaults"
GRAVE = "providers/Microsoft.KeyVault/locations/westus2/deletedVaults/keys"
BODY = {"location": "westus2", "properties": {}}


async def test_a_vault_is_made_listed_deleted_and_recovered(arm: Arm) -> None:
    await arm.make_group()
    arm.azure.register("Microsoft.KeyVault")
    made = await arm.send("PUT", f"{GROUP}/keys", BODY)
    assert (made.status, made.body["properties"]["vaultUri"]) == (200, "https://keys.vault.azure.net/")
    assert [each["name"] for each in (await arm.send("GET", GROUP)).body["value"]] == ["keys"]

    assert (await arm.send("DELETE", f"{GROUP}/keys")).status == 200
    assert (await arm.send("DELETE", f"{GROUP}/keys")).status == 204
    assert (await arm.send("GET", f"{GROUP}/keys")).status == 404
    assert (await arm.send("GET", GRAVE)).body["properties"]["vaultId"].endswith("/vaults/keys")
    again = await arm.send("PUT", f"{GROUP}/keys", BODY)
    assert (again.status, again.body["error"]["code"]) == (409, "ConflictError")
    back = await arm.send("PUT", f"{GROUP}/keys", {**BODY, "properties": {"createMode": "recover"}})
    assert (back.status, back.body) == (200, made.body)
    assert (await arm.send("GET", GRAVE)).status == 404


async def test_after_ninety_days_the_name_is_free(arm: Arm) -> None:
    await arm.make_group()
    arm.azure.register("Microsoft.KeyVault")
    await arm.send("PUT", f"{GROUP}/keys", BODY)
    await arm.send("DELETE", f"{GROUP}/keys")
    arm.azure.advance(90 * 86_400)
    arm.token = arm.azure.token()
    assert (await arm.send("PUT", f"{GROUP}/keys", BODY)).status == 200


async def test_a_name_is_one_in_all_of_azure_and_has_a_form(arm: Arm) -> None:
    await arm.make_group()
    await arm.make_group("g2")
    arm.azure.register("Microsoft.KeyVault")
    await arm.send("PUT", f"{GROUP}/keys", BODY)
    taken = await arm.send("PUT", f"{GROUP.replace('g1', 'g2')}/keys", BODY)
    assert (taken.status, taken.body["error"]["code"]) == (409, "VaultAlreadyExists")
    for name in ("ab", "1st", "two--hyphens", "ends-", "a" * 25):
        answer = await arm.send("PUT", f"{GROUP}/{name}", BODY)
        assert (answer.status, answer.body["error"]["code"]) == (400, "VaultNameNotValid"), name
