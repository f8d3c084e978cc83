"""User-assigned identities, and clusters that have them."""

from typing import Any

from tests.emulator.conftest import Arm
from tests.support.local_azure import LocalAzureForTests

IDENTITIES = "resourceGroups/g1/providers/Microsoft.ManagedIdentity/userAssignedIdentities"


async def _identity(arm: Arm, name: str) -> dict[str, Any]:
    made = await arm.send("PUT", f"{IDENTITIES}/{name}", {"location": "westus2", "tags": {"a": "b"}})
    assert made.status == 201
    body: dict[str, Any] = made.body
    return body


async def test_an_identity_is_made_kept_listed_and_removed(arm: Arm) -> None:
    await arm.make_group()
    made = await _identity(arm, "one")
    assert {"tenantId", "principalId", "clientId"} <= made["properties"].keys()
    again = await arm.send("PUT", f"{IDENTITIES}/one", {"location": "westus2"})
    assert (again.status, again.body["properties"]) == (200, made["properties"])
    assert [one["name"] for one in (await arm.send("GET", IDENTITIES)).body["value"]] == ["one"]
    assert (await arm.send("DELETE", f"{IDENTITIES}/one")).status == 200
    assert (await arm.send("GET", f"{IDENTITIES}/one")).status == 404
    assert (await arm.send("DELETE", f"{IDENTITIES}/one")).status == 204


async def test_a_federated_credential_is_unique_by_issuer_and_subject(arm: Arm) -> None:
    await arm.make_group()
    await _identity(arm, "one")
    body = {"properties": {"issuer": "https://issuer", "subject": "system:serviceaccount:a:b"}}
    first = f"{IDENTITIES}/one/federatedIdentityCredentials/first"
    assert (await arm.send("PUT", first, body)).status == 201
    assert (await arm.send("PUT", first, body)).status == 200
    twice = await arm.send("PUT", first.replace("first", "second"), body)
    assert (twice.status, twice.body["error"]["code"]) == (409, "Conflict")
    assert (await arm.send("GET", first)).body["properties"]["audiences"] == ["api://AzureADTokenExchange"]
    listed = await arm.send("GET", first.rpartition("/")[0])
    assert len(listed.body["value"]) == 1


async def test_a_cluster_shows_the_ids_of_its_own_identities(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await arm.make_group()
    plane, kubelet = await _identity(arm, "plane"), await _identity(arm, "kubelet")
    body = {
        "location": "westus2",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {plane["id"]: {}}},
        "properties": {
            "dnsPrefix": "own",
            "identityProfile": {"kubeletidentity": {"resourceId": kubelet["id"]}},
            "agentPoolProfiles": [{"name": "pool1", "mode": "System", "count": 1, "vmSize": "Standard_DS2_v2"}],
        },
    }
    made = await arm.send("PUT", arm.cluster(), body)
    assert made.status == 201
    ids = {name: plane["properties"][name] for name in ("clientId", "principalId")}
    assert made.body["identity"]["userAssignedIdentities"] == {plane["id"]: ids}
    stopped_azure.advance(301)
    shown = (await arm.send("GET", arm.cluster())).body["properties"]["identityProfile"]["kubeletidentity"]
    assert shown["clientId"] == kubelet["properties"]["clientId"]


async def test_an_identity_that_is_not_there_and_a_kubelets_without_a_clusters_are_refused(arm: Arm) -> None:
    await arm.make_group()
    missing = arm.path(f"{IDENTITIES}/none")
    pools = [{"name": "pool1", "mode": "System", "count": 1, "vmSize": "Standard_DS2_v2"}]
    properties: dict[str, Any] = {"dnsPrefix": "own", "agentPoolProfiles": pools}
    identity = {"type": "UserAssigned", "userAssignedIdentities": {missing: {}}}
    body = {"location": "westus2", "identity": identity, "properties": properties}
    refused = await arm.send("PUT", arm.cluster(), body)
    assert (refused.status, refused.body["error"]["code"]) == (400, "FailedIdentityOperation")
    properties["identityProfile"] = {"kubeletidentity": {"resourceId": missing}}
    system = await arm.send("PUT", arm.cluster(), {**body, "identity": {"type": "SystemAssigned"}})
    assert system.body["code"] == "CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster"
