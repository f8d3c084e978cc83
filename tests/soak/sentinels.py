"""What belongs to somebody else in the same subscription, and must stay as it is."""

from typing import Any

import httpx2

from tests.processes.fleet import Fleet
from tests.soak.plan import SENTINEL, SENTINEL_GROUP

_VERSION = "2025-08-01"
_SECONDS = 30
_BODY: dict[str, Any] = {
    "location": "westeurope",
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "dnsPrefix": "untouched",
        "agentPoolProfiles": [{"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}],
    },
}


async def make_sentinels(fleet: Fleet) -> None:
    """A group and a cluster without our tags, made as any other client of Azure makes them."""
    identity = fleet.about_azure["environment"]
    subscription = f"/subscriptions/{fleet.about_azure['subscription_id']}"
    async with httpx2.AsyncClient(base_url=fleet.about_azure["url"], trust_env=False, timeout=20) as http:
        asked = {"resource": "https://management.azure.com/", "api-version": "2019-08-01"}
        login = await http.get(
            identity["IDENTITY_ENDPOINT"], params=asked, headers={"X-IDENTITY-HEADER": identity["IDENTITY_HEADER"]}
        )
        http.headers["Authorization"] = f"Bearer {login.json()['access_token']}"

        async def send(method: str, path: str, version: str, body: Any = None) -> dict[str, Any]:
            answer = await http.request(method, subscription + path, params={"api-version": version}, json=body)
            assert answer.is_success, answer.text
            found: dict[str, Any] = answer.json()
            return found

        provider = "/providers/Microsoft.ContainerService"
        await send("POST", f"{provider}/register", "2021-04-01")

        async def registered() -> bool:
            return bool((await send("GET", provider, "2021-04-01"))["registrationState"] == "Registered")

        await fleet.until(registered, "the provider is registered", _SECONDS)
        group = f"/resourceGroups/{SENTINEL_GROUP}"
        await send("PUT", group, "2021-04-01", {"location": "westeurope"})
        cluster = f"{group}{provider}/managedClusters/{SENTINEL}"
        await send("PUT", cluster, _VERSION, _BODY)

        async def made() -> bool:
            return bool((await send("GET", cluster, _VERSION))["properties"]["provisioningState"] == "Succeeded")

        await fleet.until(made, "the cluster of somebody else is made", _SECONDS)


def sentinels_of(state: dict[str, Any]) -> list[dict[str, Any]]:
    """What belongs to somebody else, of all that Azure holds."""
    theirs = (f"/resourcegroups/{SENTINEL_GROUP}", f"/resourcegroups/mc_{SENTINEL_GROUP}_")
    return [entry for entry in state["resources"] if any(part in entry["id"].lower() for part in theirs)]
