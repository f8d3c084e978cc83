"""What the tests of public addresses do again and again."""

from typing import Any

from app.emulator.core.network_documents import (
    LOAD_BALANCER,
    PUBLIC_IP,
    PUBLIC_IP_PREFIX,
    frontend,
    load_balancer,
    public_ip,
    resource,
)
from app.emulator.core.store import Resource
from app.load_balancers.observe.network import observe_network
from app.load_balancers.observe.public_ips import observe_public_ips
from tests.support.local_azure import LocalAzureForTests
from tests.support.whole import Slipway

ALL = "/v1/public-ips"
PUT = "PublicIPAddresses_CreateOrUpdate"
DELETE = "PublicIPAddresses_Delete"
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


async def reserve(slipway: Slipway, name: str = "shop", **body: Any) -> dict[str, Any]:
    """Ask for an address; its job at its end, good or bad."""
    asked = {"name": name, "location": "westeurope", **body}
    return await slipway.ended(await slipway.accepted("POST", ALL, asked))


async def reserved(slipway: Slipway, name: str = "shop", **body: Any) -> dict[str, Any]:
    """An address that is ready."""
    job = await reserve(slipway, name, **body)
    assert job["state"] == "succeeded", job
    return await shown(slipway, name)


async def adopted(slipway: Slipway, azure_id: str) -> dict[str, Any]:
    """An address of the caller's that is known."""
    await slipway.done("POST", f"{ALL}:adopt", {"azure_id": azure_id})
    return await shown(slipway, azure_id.rpartition("/")[2])


async def shown(slipway: Slipway, reference: str) -> dict[str, Any]:
    """An address as the API shows it."""
    answer = await slipway.ask("GET", f"{ALL}/{reference}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(slipway: Slipway, query: str = "") -> list[str]:
    """The names of a list, in its order."""
    answer = await slipway.ask("GET", f"{ALL}{query}")
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


def in_azure(azure: LocalAzureForTests, name: str) -> Resource | None:
    """An address as the local Azure holds it."""

    async def find() -> Resource | None:
        found = [each for each in azure.azure.cloud.store.of_type(PUBLIC_IP) if each.name == name]
        return found[0] if found else None

    return azure.call(find())


def _keep(azure: LocalAzureForTests, body: dict[str, Any]) -> str:
    async def keep() -> str:
        cloud = azure.azure.cloud
        group = body["id"].partition("/providers/")[0]
        if cloud.store.get(group) is None:
            made = {"id": group, "name": group.rpartition("/")[2], "location": body["location"], "properties": {}}
            made["properties"] = {"provisioningState": "Succeeded"}
            cloud.store.put(Resource(group, "Microsoft.Resources/resourceGroups", made, cloud.now()))
        return cloud.store.put(Resource(body["id"], body["type"], body, cloud.now())).id

    return azure.call(keep())


def make_foreign(azure: LocalAzureForTests, name: str, *, group: str = "edge", **more: Any) -> str:
    """An address that somebody else has made; its id."""
    at = f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}/providers/{PUBLIC_IP}/{name}"
    return _keep(azure, public_ip(at, "westeurope", guid=name, **{"address": "192.0.2.77", **more}))


def make_prefix(azure: LocalAzureForTests, name: str, *, length: int, group: str = "edge") -> str:
    """A public IP prefix of the caller's; its id."""
    at = f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}/providers/{PUBLIC_IP_PREFIX}/{name}"
    properties = {"ipPrefix": f"198.19.0.0/{length}", "prefixLength": length, "publicIPAddressVersion": "IPv4"}
    return _keep(azure, resource(at, PUBLIC_IP_PREFIX, "westeurope", properties, sku={"name": "Standard"}))


def use(azure: LocalAzureForTests, address_id: str, *, balancer: str = "theirs", group: str = "edge") -> str:
    """Give an address to a load balancer of somebody's; the frontend's id."""
    at = f"/subscriptions/{azure.subscription_id}/resourceGroups/{group}/providers/{LOAD_BALANCER}/{balancer}"
    part = frontend(at, "front", public_ip_id=address_id)
    _keep(azure, load_balancer(at, "westeurope", guid=balancer, frontendIPConfigurations=[part]))
    return str(part["id"])


def remove(azure: LocalAzureForTests, resource_id: str) -> bool:
    """What somebody does in Azure's portal; whether it was there."""

    async def take() -> bool:
        return azure.azure.cloud.store.remove(resource_id) is not None

    return azure.call(take())


def grant(azure: LocalAzureForTests, scope: str, role: str = NETWORK_CONTRIBUTOR) -> None:
    """Give the identities of all clusters a role, as their owner does: Slipway never does."""

    async def put() -> None:
        cloud = azure.azure.cloud
        for number, cluster in enumerate(cloud.store.of_type("Microsoft.ContainerService/managedClusters")):
            at = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{number}"
            role_id = f"/subscriptions/{azure.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{role}"
            principal = cluster.body["identity"]["principalId"]
            properties = {"roleDefinitionId": role_id, "principalId": principal, "scope": scope}
            body = {"id": at, "name": str(number), "type": "roleAssignments", "properties": properties}
            cloud.store.put(Resource(at, "Microsoft.Authorization/roleAssignments", body, cloud.now()))

    azure.call(put())


async def observe(slipway: Slipway) -> None:
    """What a worker does every few minutes."""
    parts = slipway.parts
    await observe_network(parts.database, parts.gateways.azure, parts.clock)
    await observe_public_ips(parts.database, parts.gateways.azure, parts.clock)
