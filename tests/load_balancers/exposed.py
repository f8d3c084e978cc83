"""A Slipway with one cluster, and exposures in it, which get their addresses from the cluster's own controller."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.azure.types.call import Call
from app.azure.types.public_ip import PublicIpSpec
from app.core.ids import Prefix, new_id
from app.models import PublicIp
from tests.load_balancers.addresses import grant
from tests.load_balancers.exposing import EXPOSURES, WEB, add_public_ip
from tests.support.inside import Inside
from tests.support.whole import Slipway

CCM = {"caller": "cluster", "count": None}
"""Faults that only the cluster's controller meets, until they are lifted."""


@dataclass
class Stage:
    """What a test drives."""

    slipway: Slipway
    inside: Inside

    @classmethod
    async def open(cls, slipway: Slipway) -> "Stage":
        """With a cluster that is ready."""
        job = await slipway.create()
        assert job["state"] == "succeeded", job
        return cls(slipway, await Inside.of(slipway))

    async def ask(self, **body: Any) -> tuple[str, str]:
        """Ask for an exposure; return the ids of its job and of itself."""
        answer = await self.slipway.ask("POST", EXPOSURES, {**WEB, **body})
        assert answer.status_code == 202, answer.text
        return answer.json()["job"]["id"], answer.json()["resource"]["id"]

    async def try_(self, **body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ask for an exposure; return its job at its end, good or bad, and itself as it is then."""
        job_id, exposure_id = await self.ask(**body)
        job = await self.slipway.ended(job_id)
        return job, await self.read(exposure_id)

    async def expose(self, **body: Any) -> dict[str, Any]:
        """Make an exposure, which goes well."""
        job, exposure = await self.try_(**body)
        assert job["state"] == "succeeded", job
        return exposure

    async def change(self, exposure: dict[str, Any], **change: Any) -> dict[str, Any]:
        """Change it, which goes well; return it afterwards."""
        await self.slipway.done("PATCH", f"{EXPOSURES}/{exposure['id']}", change)
        return await self.read(exposure["id"])

    async def remove(self, exposure: dict[str, Any]) -> dict[str, Any]:
        """Delete it, which goes well; return the job."""
        return await self.slipway.done("DELETE", f"{EXPOSURES}/{exposure['id']}")

    async def read(self, exposure_id: str) -> dict[str, Any]:
        """An exposure as the API shows it."""
        answer = await self.slipway.ask("GET", f"{EXPOSURES}/{exposure_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def until(self, exposure_id: str, state: str) -> dict[str, Any]:
        """The exposure once it is in this state."""
        for _ in range(400):
            found = await self.read(exposure_id)
            if found["state"] == state:
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(found)

    async def reserve(
        self, name: str, *, group: str = "addresses", sku: str = "Standard", granted: bool = True
    ) -> PublicIp:
        """A static public address in Azure, and its row. `granted`: the cluster's identity has its role there."""
        subscription = self.slipway.parts.gateways.azure.subscription(self.slipway.azure.subscription_id)
        call = Call(deadline=self.slipway.parts.clock.now() + timedelta(seconds=30))
        await subscription.resource_groups.put(group, "westeurope", {}, call=call)
        spec = PublicIpSpec(location="westeurope", tags={}, sku=sku)
        await subscription.network.public_ips.create(group, name, spec, call=call)
        if granted:
            grant(self.slipway.azure, self.group_id(group))
        return await add_public_ip(self.slipway, name, id=new_id(Prefix.PUBLIC_IP), resource_group=group)

    def group_id(self, name: str) -> str:
        """The id of a resource group."""
        return f"/subscriptions/{self.slipway.azure.subscription_id}/resourceGroups/{name}"

    def azure_address(self, name: str) -> dict[str, Any] | None:
        """The properties of a public IP in Azure; None when there is none."""

        async def read() -> dict[str, Any] | None:
            for record in self.slipway.azure.azure.cloud.store:
                if record.id.lower().endswith(f"/publicipaddresses/{name}"):
                    properties: dict[str, Any] = record.body["properties"]
                    return properties
            return None

        return self.slipway.azure.call(read())

    async def make_dual_stack(self) -> None:
        """What `az aks update --ip-families` would do: the cluster's network has both families from now on."""
        cluster = await self.slipway.cluster()
        azure = self.slipway.azure.azure

        async def change() -> None:
            for found in azure.cloud.store.of_type("Microsoft.ContainerService/managedClusters"):
                if found.name == cluster["name"]:
                    found.body["properties"]["networkProfile"]["ipFamilies"] = ["IPv4", "IPv6"]
                    store = azure.host.serving(found.key)
                    assert store is not None
                    store.ip_families = ("IPv4", "IPv6")

        self.slipway.azure.call(change())

    def fault(self, kind: str, operation: str, **fields: Any) -> None:
        """Let the cluster's controller meet a fault in Azure."""
        self.slipway.azure.add_fault(kind, operation=operation, **{**CCM, **fields})

    def slow_down(self, speed: float) -> None:
        """Let Azure and the cluster's controller take their time from now on."""

        async def change() -> None:
            self.slipway.azure.azure.cloud.change_speed(speed)

        self.slipway.azure.call(change())

    def azure_names(self, kind: str) -> list[str]:
        """Names of the resources of a type (`publicIPAddresses`) in Azure."""

        async def read() -> list[str]:
            found = [record.id for record in self.slipway.azure.azure.cloud.store]
            return sorted(each.rsplit("/", 1)[1] for each in found if f"/{kind.lower()}/" in each.lower())

        return self.slipway.azure.call(read())

    def balancer_parts(self, kind: str, name: str = "kubernetes") -> dict[str, dict[str, Any]]:
        """The properties of a load balancer's parts, by name; none without the load balancer."""

        async def read() -> dict[str, dict[str, Any]]:
            for record in self.slipway.azure.azure.cloud.store:
                if record.id.lower().endswith(f"/loadbalancers/{name}"):
                    parts = record.body["properties"].get(kind) or []
                    return {part["name"]: part["properties"] for part in parts}
            return {}

        return self.slipway.azure.call(read())


def addresses_of(exposure: dict[str, Any]) -> list[str]:
    """Where it answers."""
    return [found["address"] for found in exposure["addresses"]]
