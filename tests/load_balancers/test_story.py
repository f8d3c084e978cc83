"""The seed's story: three Services of one cluster, one load balancer, four addresses, each mapped to its Service."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import OBSERVERS
from app.bootstrap.readers import cluster_readers
from app.load_balancers.observe.changes import NetworkChanges
from tests.support.inside import Inside
from tests.support.whole import Slipway

KUBECTL = shutil.which("kubectl")
BALANCERS = "/v1/clusters/blue/load-balancers"
# One cluster with three Services is enough for both databases.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def service(name: str, *, internal: bool = False) -> dict[str, Any]:
    annotations = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"} if internal else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


class Cluster:
    """The cluster as its user knows it: through kubectl, or where there is none, through the same API."""

    def __init__(self, inside: Inside, kubeconfig: Path) -> None:
        self._inside = inside
        self._kubeconfig = kubeconfig

    async def apply(self, body: dict[str, Any]) -> None:
        if KUBECTL is None:
            await self._inside.send("POST", "/api/v1/namespaces/default/services", body)
        else:
            await self._kubectl("apply", "-f", "-", text=json.dumps(body))

    async def address(self, name: str) -> str | None:
        """What `kubectl get svc` shows as EXTERNAL-IP."""
        if KUBECTL is None:
            found = await self._inside.service(name)
            return found.ingress[0] if found is not None and found.ingress else None
        shown = (await self._kubectl("get", "svc", name, "--no-headers")).split()[3]
        return None if shown == "<pending>" else shown

    async def delete(self, name: str) -> None:
        if KUBECTL is None:
            await self._inside.send("DELETE", f"/api/v1/namespaces/default/services/{name}")
        else:
            await self._kubectl("delete", "svc", name)

    async def _kubectl(self, *arguments: str, text: str | None = None) -> str:
        process = await asyncio.create_subprocess_exec(
            KUBECTL or "",
            *("--kubeconfig", str(self._kubeconfig), *arguments),
            env={"HOME": str(self._kubeconfig.parent)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(text.encode() if text else None), 60)
        assert process.returncode == 0, err.decode()
        return out.decode()


@asynccontextmanager
async def observed(slipway: Slipway) -> AsyncIterator[None]:
    """What a worker process runs beside its jobs: the readers of clusters, and looks at what changed."""
    assert slipway.worker is not None
    parts = slipway.parts
    readers = cluster_readers(parts, slipway.worker.lease)
    changes = NetworkChanges(parts.database, parts.gateways.azure, parts.clock, pace=parts.gateways.azure.pace / 10)

    async def follow() -> None:
        while True:
            await changes.observe()
            await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(readers.run()), asyncio.create_task(follow())]
    try:
        yield
        for task in tasks:
            # One that has ended has broken.
            if task.done():
                await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await readers.stop()


async def until(look: Callable[[], Awaitable[Any]], *, seconds: float = 60) -> Any:
    """The first answer that is not empty."""
    last = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                last = await look()
                if last:
                    return last
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"it did not come: {look}") from None


async def frontends(slipway: Slipway, count: int) -> dict[str, dict[str, Any]] | None:
    """All frontends by whom they serve, once there are so many and all Services are known."""
    items = (await slipway.ask("GET", BALANCERS)).json()["items"]
    found = {
        "/".join(one["name"] for one in each["services"]) or each["purpose"]: {**each, "balancer": item["name"]}
        for item in items
        for each in item["frontends"]
    }
    # An internal frontend carries no tag: whom it serves is known once the cluster's reader has seen its Service.
    served = all(each["services"] for purpose, each in found.items() if purpose != "outbound")
    known = served and all(one["exposure_id"] for each in found.values() for one in each["services"])
    # Frontends and addresses are two lists of Azure's, read one after the other.
    addressed = all(each["address"] for each in found.values())
    return found if len(found) == count and known and addressed else None


async def test_three_services_one_load_balancer_four_addresses_each_with_its_service(
    slipway: Slipway, tmp_path: Path
) -> None:
    await slipway.create()
    file = tmp_path / "kubeconfig"
    answer = await slipway.ask("POST", "/v1/clusters/blue/credentials", {}, Accept="application/yaml")
    assert answer.status_code == 201
    file.write_bytes(answer.content)
    cluster = Cluster(await Inside.of(slipway), file)
    outbound = (await slipway.cluster())["outbound_ips"][0]
    async with observed(slipway):
        await cluster.apply(service("web"))
        first = await until(partial(cluster.address, "web"))
        await cluster.apply(service("api"))
        await cluster.apply(service("inner", internal=True))
        second, inner = [await until(partial(cluster.address, name)) for name in ("api", "inner")]

        found = await until(lambda: frontends(slipway, 4))
        addresses = {name: each["address"] for name, each in found.items()}
        assert addresses == {"outbound": outbound, "web": first, "api": second, "inner": inner}
        assert {name for name, each in found.items() if each["balancer"] == "kubernetes"} == {"outbound", "web", "api"}
        assert found["inner"]["balancer"] == "kubernetes-internal"
        assert found["inner"]["internal"]
        assert not any(one["managed"] for each in found.values() for one in each["services"])

        for observer in OBSERVERS:
            await observer(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)
        listed = (await slipway.ask("GET", "/v1/public-ips")).json()["items"]
        used = {each["address"]: (each["used_by"]["kind"], each["used_by"]["name"]) for each in listed}
        assert used == {outbound: ("outbound", None), first: ("service", "web"), second: ("service", "api")}
        holder = (await slipway.ask("GET", f"/v1/public-ips/{first}")).json()["used_by"]
        assert (holder["cluster"], holder["namespace"], holder["name"]) == ("blue", "default", "web")
        picture = await slipway.ask("GET", "/v1/clusters/blue/infrastructure?format=svg")
        assert picture.headers["content-type"].startswith("image/svg+xml")
        assert all(address in picture.text for address in (outbound, first, second, inner))

        exposures = (await slipway.ask("GET", "/v1/clusters/blue/exposures")).json()["items"]
        seen = {each["name"]: [one["address"] for one in each["addresses"]] for each in exposures}
        assert seen == {"web": [first], "api": [second], "inner": [inner]}

        await cluster.delete("api")
        left = await until(lambda: frontends(slipway, 3))
        assert set(left) == {"outbound", "web", "inner"}
        (balancer, _) = (await slipway.ask("GET", BALANCERS)).json()["items"]
        assert balancer["left_over"] == []
