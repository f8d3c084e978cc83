"""What jobs are asked for, so that each kind goes each of its ways: one life for each crash."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from app.engine.steps import JobView
from tests.crashes.rotating import rotation
from tests.load_balancers.addresses import make_foreign, remove
from tests.support.api import Tenant
from tests.support.crashes import At, Point
from tests.support.whole import Slipway

FAILING, STUCK, CANCELED = "failing", "stuck", "canceled"
FAILING_ADDRESS = "failing-ip"
"""Beginnings of names by which Azure and the callers know what shall befall."""

_CLUSTER = {
    "location": "westeurope",
    "node_count": 1,
    "node_size": "Standard_D4s_v5",
    # Making a pair takes longer than most jobs.
    "ssh_public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
}


@dataclass
class Life:
    """One cluster, resource group or registration, in a project, from its first job to its last."""

    slipway: Slipway
    tenant: Tenant
    name: str
    target: str
    ends: defaultdict[str, asyncio.Event]
    """Of all jobs, by id."""
    jobs: dict[str, str] = field(default_factory=dict)
    """Ids by kind."""
    others: set[str] = field(default_factory=set)
    """Ids of jobs about something else than the target: they do not die here."""
    broken: str = ""
    """What kept the life from its end."""
    interfered: bool = False
    """Whether the caller has done what it does in the middle of a job."""

    @property
    def key(self) -> tuple[str, str]:
        """The project and the target's name."""
        return self.tenant.id, self.target

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for a job."""
        answer = await self.slipway.ask(method, path, body, key=self.tenant.admin)
        assert answer.status_code == 202, answer.text
        job = answer.json()["job"]
        self.jobs[job["kind"]] = job["id"]
        if job["target_name"] != self.target:
            self.others.add(job["id"])
        return job

    async def job(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for a job, and wait for its end."""
        job = await self.ask(method, path, body)
        return await self.end(job["id"])

    async def end(self, job_id: str) -> Any:
        """Wait for a job's end, by the worker's own word: a hundred waiting callers would look at every write."""
        await self.ends[job_id].wait()
        return (await self.slipway.ask("GET", f"/v1/jobs/{job_id}", key=self.tenant.admin)).json()

    async def create(self, **more: Any) -> Any:
        return await self.job("POST", "/v1/clusters", {**_CLUSTER, "name": self.name, **more})

    async def delete(self) -> Any:
        return await self.job("DELETE", f"/v1/clusters/{self.name}")


async def cluster(life: Life, kinds: frozenset[str]) -> None:
    """A cluster that is made, changed in every way and deleted."""
    created = await life.create()
    own = f"/v1/clusters/{life.name}"
    if "cluster.update" in kinds:
        await life.job("PATCH", own, {"tags": {"cost": "42"}})
    if "cluster.scale" in kinds:
        await life.job("POST", f"{own}:scale", {"count": 2})
    if "cluster.outbound" in kinds:
        await life.job("PATCH", f"{own}/outbound", {"managed_ip_count": 2})
    if "cluster.upgrade" in kinds:
        now = created["outcome"]["kubernetes_version"]
        offers = (await life.slipway.ask("GET", "/v1/versions?location=westeurope")).json()["items"]
        newest = next(offer["upgrades"][-1] for offer in offers if offer["version"] == now)
        await life.job("POST", f"{own}:upgrade", {"kubernetes_version": newest})
    if "cluster.sync" in kinds:
        await life.job("POST", f"{own}:sync")
    await life.delete()


async def failing_cluster(life: Life, _kinds: frozenset[str]) -> None:
    """Azure does not come to an end with it, and it shall then be removed."""
    await life.create(options={"on_failure": "delete"})
    await life.delete()


async def superseded_cluster(life: Life, _kinds: frozenset[str]) -> None:
    """Its deletion is asked for while Azure makes it."""
    await life.create()
    await life.end(life.jobs["cluster.delete"])


async def accepted_cluster(life: Life, _kinds: frozenset[str]) -> None:
    """The caller is content with Azure's acceptance."""
    await life.create(options={"wait_for": "accepted"})
    seen: dict[str, Any] = {}
    while seen.get("state") != "ready":
        await life.job("POST", f"/v1/clusters/{life.name}:sync")
        seen = (await life.slipway.ask("GET", f"/v1/clusters/{life.name}", key=life.tenant.admin)).json()
    await life.delete()


async def resource_group(life: Life, _kinds: frozenset[str]) -> None:
    """A resource group that is made and deleted."""
    options = {"on_failure": "delete"} if life.name.startswith(CANCELED) else {}
    made = await life.job(
        "POST", "/v1/resource-groups", {"name": life.name, "location": "westeurope", "options": options}
    )
    if made["state"] == "succeeded" or not options:
        await life.job("DELETE", f"/v1/resource-groups/{life.name}")


async def address(life: Life, _kinds: frozenset[str]) -> None:
    """An address that is reserved, in a group of its own, and released."""
    options = {"on_failure": "delete"} if life.name.startswith(FAILING_ADDRESS) else {}
    asked = {"name": life.name, "location": "westeurope", "resource_group": life.name, "options": options}
    await life.job("POST", "/v1/public-ips", asked)
    await life.job("DELETE", f"/v1/public-ips/{life.name}")
    await life.job("DELETE", f"/v1/resource-groups/{life.name}")


async def foreign_address(life: Life, _kinds: frozenset[str]) -> None:
    """An address of the caller's that is adopted and forgotten, and stays."""
    azure = life.slipway.azure
    group = f"/subscriptions/{azure.subscription_id}/resourceGroups/{life.name}"
    azure_id = make_foreign(azure, life.name, group=life.name)
    await life.job("POST", "/v1/public-ips:adopt", {"azure_id": azure_id})
    await life.job("DELETE", f"/v1/public-ips/{life.name}")
    for there in (azure_id, group):
        assert remove(azure, there), f"{there} was removed"


async def registration(life: Life, _kinds: frozenset[str]) -> None:
    """A provider that the project's subscription does not have yet."""
    await life.job("POST", "/v1/providers/Microsoft.ContainerService:register")


async def exposure(life: Life, kinds: frozenset[str]) -> None:
    """A Service with an address that is made, changed and removed, in a cluster of its own."""
    await life.create()
    exposures = f"/v1/clusters/{life.name}/exposures"
    body = {"name": life.name, "selector": {"app": "web"}, "ports": [{"port": 80}]}
    made = await life.job("POST", exposures, body)
    own = f"{exposures}/{made['target_id']}"
    if "exposure.update" in kinds:
        await life.job("PATCH", own, {"idle_timeout_minutes": 30})
    if "exposure.delete" in kinds:
        await life.job("DELETE", own)
    await life.delete()


async def made_exposure(life: Life, kinds: frozenset[str]) -> None:
    """An exposure for which an address is reserved, and released with it."""
    await life.create()
    exposures = f"/v1/clusters/{life.name}/exposures"
    body = {"name": life.name, "selector": {"app": "web"}, "ports": [{"port": 80}], "public_ip": {"make": True}}
    own = f"{exposures}/{(await life.job('POST', exposures, body))['target_id']}"
    if "exposure.update" in kinds:
        await life.job("PATCH", own, {"tcp_reset": False})
    if "exposure.delete" in kinds:
        await life.job("DELETE", own)
    await life.delete()


async def refused_exposure(life: Life, _kinds: frozenset[str]) -> None:
    """There is no namespace for it, and what was made shall be removed."""
    await life.create()
    exposures = f"/v1/clusters/{life.name}/exposures"
    body = {"name": life.name, "selector": {"app": "web"}, "ports": [{"port": 80}], "namespace": "nowhere"}
    await life.job("POST", exposures, {**body, "options": {"on_failure": "delete"}})
    await life.delete()


async def accepted_exposure(life: Life, kinds: frozenset[str]) -> None:
    """The caller is content when the cluster has the Service, and then its change."""
    await life.create()
    exposures = f"/v1/clusters/{life.name}/exposures"
    body = {"name": life.name, "selector": {"app": "web"}, "ports": [{"port": 80}]}
    options = {"wait_for": "accepted"}
    own = f"{exposures}/{(await life.job('POST', exposures, {**body, 'options': options}))['target_id']}"
    if "exposure.update" in kinds:
        await life.job("PATCH", own, {"idle_timeout_minutes": 30, "options": options})
    await life.delete()


async def volume(life: Life, kinds: frozenset[str]) -> None:
    """A share that is made and bound in one job, and unbound; the share and its account then go by themselves."""
    await life.create()
    volumes = f"/v1/clusters/{life.name}/volumes"
    namespace = "nowhere" if life.name.startswith("unbound") else "default"
    options = {"on_failure": "delete"} if namespace == "nowhere" else {}
    if life.name.startswith("claimed"):
        options = {"wait_for": "accepted"}
    # One of its own, which can go at the end.
    account = {"name": f"acc{life.name}", "make": True}
    share = {"name": life.name, "quota_gib": 100, "account": account}
    body = {"name": life.name, "namespace": namespace, "share": share, "options": options}
    made = await life.job("POST", volumes, body)
    if "volume.delete" in kinds or "volume.create" in kinds:
        await life.job("DELETE", f"{volumes}/{made['target_id']}")
    await _leave_no_share(life)
    await life.delete()


async def _leave_no_share(life: Life) -> None:
    shown = (await life.slipway.ask("GET", f"/v1/shares/{life.name}", key=life.tenant.admin)).json()
    await life.job("DELETE", f"/v1/shares/{life.name}")
    await life.job("DELETE", f"/v1/storage-accounts/{shown['account_id']}?deleted_shares=discard")


async def storage_class(life: Life, kinds: frozenset[str]) -> None:
    """A storage class that is made and removed."""
    await life.create()
    classes = f"/v1/clusters/{life.name}/storage-classes"
    await life.job("POST", classes, {"name": life.name, "kind": "files"})
    if "storage_class.delete" in kinds:
        await life.job("DELETE", f"{classes}/{life.name}")
    await life.delete()


@dataclass(frozen=True)
class Scenario:
    """A life, and whether it needs a subscription in which nothing is registered.

    `target`: the name of what the jobs are about that may die, by the life's name.
    """

    name: str
    live: Callable[[Life, frozenset[str]], Awaitable[None]]
    own_subscription: bool = False
    target: str = "{name}"


SCENARIOS = (
    Scenario("plain", cluster),
    Scenario(FAILING, failing_cluster),
    Scenario(STUCK, superseded_cluster),
    Scenario("accepted", accepted_cluster),
    Scenario("group", resource_group),
    Scenario(CANCELED, resource_group),
    Scenario("address", address),
    Scenario(FAILING_ADDRESS, address),
    Scenario("www", foreign_address),
    Scenario("first", cluster, own_subscription=True),
    Scenario("register", registration, own_subscription=True, target="Microsoft.ContainerService"),
    Scenario("exposed", exposure, target="default/{name}"),
    Scenario("made", made_exposure, target="default/{name}"),
    Scenario("refused", refused_exposure, target="nowhere/{name}"),
    Scenario("taken", accepted_exposure, target="default/{name}"),
    Scenario("bound", volume, target="default/{name}"),
    Scenario("claimed", volume, target="default/{name}"),
    Scenario("unbound", volume, target="nowhere/{name}"),
    Scenario("gold", storage_class),
    Scenario("rotated", rotation),
)


async def meanwhile(life: Life, view: JobView, point: Point) -> None:
    """What callers do while a job runs: each is asked for once, at one point, before the job goes on."""
    if life.interfered:
        return
    if point == Point("resource_group.create", "ensure_group", At.KEPT) and life.name.startswith(CANCELED):
        life.interfered = True
        await life.slipway.ask("POST", f"/v1/jobs/{view.id}:cancel", key=life.tenant.admin)
    if point == Point("cluster.create", "await_cluster", At.BEFORE) and life.name.startswith(STUCK):
        life.interfered = True
        await life.ask("DELETE", f"/v1/clusters/{life.name}")
