"""Whatever happens to Services and whatever Azure refuses: in the end it holds what they ask for, and no more."""

import random
from typing import Any

import pytest

from tests.emulator.cloud_controller.conftest import Scene, base_of, ingress, service

NAMES = [f"web-{number}" for number in range(6)]
OPERATIONS = ("PublicIPAddresses_*", "LoadBalancers_*", "NetworkSecurityGroups_*", "*")
KINDS = ("error", "error_after", "throttle", "reset_before", "reset_after", "html_502_after", "fail_operation")
STEPS = 40


class Day:
    """Random changes of one cluster's Services."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self.random = random.Random(seed)
        self.alive: set[str] = set()

    async def step(self) -> None:
        name = self.random.choice(NAMES)
        if self.random.random() < 0.3:
            kind, operation = self.random.choice(KINDS), self.random.choice(OPERATIONS)
            skip = self.random.randrange(3)
            self.scene.azure.add_fault(kind, operation=operation, caller="cluster", skip=skip, status=503)
        if name not in self.alive:
            annotations = {"load-balancer-internal": self.random.choice(["true", "false"])}
            await self.scene.apply(service(name, *self.ports(), annotations=annotations), wait=self.wait())
            self.alive.add(name)
        else:
            await self.random.choice([self.delete, self.change_ports, self.flip, self.retype, self.narrow])(name)

    def ports(self) -> list[int]:
        return self.random.sample(range(80, 90), self.random.randrange(1, 4))

    def wait(self) -> int:
        return self.random.choice([0, 3, 10, 30])

    async def delete(self, name: str) -> None:
        await self.scene.kube.ask("DELETE", f"/api/v1/namespaces/default/services/{name}")
        await self.scene.advance(self.wait())
        # A name is free again once Azure holds nothing of it.
        while (await self.scene.find(name)).status == 200:
            await self.scene.advance(60)
        self.alive.discard(name)

    async def change_ports(self, name: str) -> None:
        ports = [{"name": f"p{port}", "port": port, "targetPort": 80} for port in self.ports()]
        await self.scene.patch(name, {"spec": {"ports": ports}}, self.wait())

    async def flip(self, name: str) -> None:
        await self.scene.annotate(name, self.wait(), load_balancer_internal=self.random.choice(["true", None]))

    async def retype(self, name: str) -> None:
        await self.scene.patch(name, {"spec": {"type": self.random.choice(["ClusterIP", "LoadBalancer"])}}, self.wait())

    async def narrow(self, name: str) -> None:
        ranges = self.random.choice([None, "192.0.2.0/24", "192.0.2.0/24,198.51.100.0/24"])
        await self.scene.annotate(name, self.wait(), allowed_ip_ranges=ranges)


def internal(document: dict[str, Any]) -> bool:
    key = "service.beta.kubernetes.io/azure-load-balancer-internal"
    return bool((document["metadata"].get("annotations") or {}).get(key) == "true")


@pytest.mark.parametrize("seed", range(4))
async def test_azure_holds_in_the_end_what_services_ask_for(scene: Scene, seed: int) -> None:
    day = Day(scene, seed)
    for _ in range(STEPS):
        await day.step()
    scene.azure.clear_faults()
    await scene.advance(1000)
    listed = (await scene.kube.ask("GET", "/api/v1/namespaces/default/services")).body["items"]
    assert {found["metadata"]["name"] for found in listed} == {*day.alive, "kubernetes"}
    served = [found for found in listed if found["spec"]["type"] == "LoadBalancer"]
    assert all(len(ingress(found)) == 1 for found in served)
    assert all("finalizers" not in found["metadata"] for found in listed if found not in served)
    public = [found for found in served if not internal(found)]
    inner = [found for found in served if internal(found)]
    assert sorted(await scene.addresses()) == sorted(f"kubernetes-{base_of(found)}" for found in public)
    assert await scene.balancers() == ["kubernetes", *(["kubernetes-internal"] if inner else [])]
    for name, mine in (("kubernetes", public), ("kubernetes-internal", inner)):
        if name == "kubernetes" or mine:
            assert sorted(await scene.frontends(name)) == sorted(base_of(found) for found in mine)
            wanted = sorted(f"{base_of(f)}-TCP-{port['port']}" for f in mine for port in f["spec"]["ports"])
            assert sorted(await scene.rules(name)) == sorted(await scene.probes(name)) == wanted
            assert mine == [] or await scene.members(name) == ["0"]
    named: set[str] = set()
    for rule in await scene.security_rules():
        named |= {rule.get("destinationAddressPrefix"), *rule.get("destinationAddressPrefixes", [])} - {None}
    narrowed = [f for f in inner if "azure-allowed-ip-ranges" in str(f["metadata"].get("annotations"))]
    assert named == {ingress(found)[0] for found in [*public, *narrowed]}
