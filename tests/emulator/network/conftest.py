"""Bodies of Network's resources, and ARM that makes them."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.emulator.conftest import Arm, Reply
from tests.support.local_azure import LocalAzureForTests

LOCATION = "westus2"


@dataclass
class Net:
    """Resources of Microsoft.Network in the group g1, by hand and with a clock that stands still."""

    arm: Arm
    azure: LocalAzureForTests

    def id(self, path: str, group: str = "g1") -> str:
        """`publicIPAddresses/a` as a whole id."""
        return self.arm.path(f"resourceGroups/{group}/providers/Microsoft.Network/{path}")

    async def put(self, path: str, properties: dict[str, Any], group: str = "g1", **fields: Any) -> Reply:
        body = {"location": LOCATION, "properties": properties, **fields}
        return await self.arm.send("PUT", self.id(path, group), body)

    async def get(self, path: str) -> Reply:
        return await self.arm.send("GET", self.id(path))

    async def delete(self, path: str, group: str = "g1") -> Reply:
        return await self.arm.send("DELETE", self.id(path, group))

    async def make(self, path: str, properties: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """PUT, and let its operation end; the resource as a GET shows it then."""
        reply = await self.put(path, properties, **fields)
        assert reply.status in {200, 201}, reply.text
        self.azure.advance(5)
        body = (await self.get(path)).body
        assert isinstance(body, dict)
        return body

    async def make_address(self, name: str = "a", **fields: Any) -> dict[str, Any]:
        properties = {"publicIPAllocationMethod": "Static", **fields.pop("properties", {})}
        return await self.make(f"publicIPAddresses/{name}", properties, sku={"name": "Standard"}, **fields)

    async def make_network(self, *subnets: dict[str, Any], name: str = "v") -> dict[str, Any]:
        listed = [{"name": f"s{number}", "properties": subnet} for number, subnet in enumerate(subnets)]
        space = {"addressPrefixes": ["10.0.0.0/16"]}
        return await self.make(f"virtualNetworks/{name}", {"addressSpace": space, "subnets": listed})

    def frontend(self, name: str, address: str) -> dict[str, Any]:
        return {"name": name, "properties": {"publicIPAddress": {"id": self.id(f"publicIPAddresses/{address}")}}}

    def internal(self, name: str, **properties: Any) -> dict[str, Any]:
        return {"name": name, "properties": {"subnet": {"id": self.id("virtualNetworks/v/subnets/s0")}, **properties}}

    def rule(self, name: str, frontend: str, port: int, **properties: Any) -> dict[str, Any]:
        balancer = self.id("loadBalancers/b")
        said = {
            "frontendIPConfiguration": {"id": f"{balancer}/frontendIPConfigurations/{frontend}"},
            "backendAddressPool": {"id": f"{balancer}/backendAddressPools/p"},
            "protocol": "Tcp",
            "frontendPort": port,
            "backendPort": port,
        }
        return {"name": name, "properties": {**said, **properties}}

    async def put_balancer(self, *frontends: dict[str, Any], sku: str = "Standard", **lists: Any) -> Reply:
        properties = {"frontendIPConfigurations": list(frontends), "backendAddressPools": [{"name": "p"}], **lists}
        return await self.put("loadBalancers/b", properties, sku={"name": sku})


def refusal(reply: Reply) -> tuple[int, str]:
    """Status and code of an answer that refuses."""
    return reply.status, reply.body["error"]["code"]


@pytest.fixture
async def net(arm: Arm, stopped_azure: LocalAzureForTests) -> Net:
    await arm.make_group()
    return Net(arm, stopped_azure)
