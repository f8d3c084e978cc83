"""What a project owns, for the table of who may do what: one of each kind, and the names that lead to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.ids import Prefix, new_id
from app.models import (
    Cluster,
    ClusterReader,
    ClusterState,
    Monitoring,
    MonitoringState,
    PublicIp,
    ReaderState,
    Role,
    Share,
    StorageState,
    Workspace,
    WorkspaceState,
)
from app.storage.specs.storage_seen import StorageSeen
from tests.support.api import Tenant, add_key
from tests.support.operations import OPERATIONS
from tests.support.whole import CLUSTER, Slipway

Made = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
ABSENT = {
    "project": [new_id(Prefix.PROJECT), "nothing"],
    "key": [new_id(Prefix.API_KEY)],
    "cluster": [new_id(Prefix.CLUSTER), "nothing"],
    "node_pool": [new_id(Prefix.NODE_POOL), "nothing"],
    "exposure": [new_id(Prefix.EXPOSURE)],
    "public_ip": [new_id(Prefix.PUBLIC_IP), "nothing", "192.0.2.201"],
    "address": ["192.0.2.201"],
    "share": [new_id(Prefix.SHARE), "nothing"],
    "snapshot": ["20250101T000000.0000000Z"],
    "account": [new_id(Prefix.STORAGE_ACCOUNT), "nothing"],
    "workspace": [new_id(Prefix.WORKSPACE)],
    "volume": [new_id(Prefix.VOLUME)],
    "job_id": [new_id(Prefix.JOB)],
    "command": [new_id(Prefix.JOB)],
    "group": [new_id(Prefix.RESOURCE_GROUP), "nothing"],
    "target_id": [new_id(Prefix.CLUSTER), new_id(Prefix.RESOURCE_GROUP)],
    "subject_id": [new_id(Prefix.JOB)],
    "name": ["nothing", "nothing"],
    "resource_group": ["nothing"],
    "tag": ["nothing"],
    "cursor": ["WyJub3RoaW5nIl0"],
}
"""For each parameter that names what a project owns: values that nothing has, as many as `belongings` gives."""
OF_NOBODY = frozenset(
    {
        "state",
        "kind",
        "type",
        "location",
        "namespace",
        "managed",
        "orphaned",
        "used",
        "origin",
        "limit",
        "wait",
        "on_blocked",
        "deadline_seconds",
        "ignore_disruption_budgets",
        "drain",
        "drain_timeout_seconds",
        "plan",
        "shares",
        "public_ips",
        "workspace",
        "disks",
        # Looked for among the plans of the cluster in the path alone.
        "plan_id",
        "os",
        "arch",
        "format",
        "protocol",
        "snapshots",
        "break_lease",
        "deleted_shares",
        "phase",
        "storage_class",
    }
)
"""Parameters that name nothing that a project owns."""


@dataclass
class Belongings:
    """A project, and for each parameter the values that lead to what it owns."""

    tenant: Tenant
    named: dict[str, list[str]]

    def first(self) -> dict[str, str]:
        """One value for each parameter."""
        return {parameter: values[0] for parameter, values in self.named.items()}


async def belongings(slipway: Slipway, tenant: Tenant) -> Belongings:
    """A project with one of each kind of thing."""

    async def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await slipway.ask("POST", path, body, key=tenant.admin)
        assert answer.status_code == 202, answer.text
        accepted: dict[str, Any] = answer.json()
        return accepted

    cluster = await made("/v1/clusters", {**CLUSTER, "name": f"cluster-of-{tenant.name}", "tags": {tenant.name: "x"}})
    group = await made("/v1/resource-groups", {"name": f"group-of-{tenant.name}", "location": "westeurope"})
    # Only a cluster that serves takes exposures.
    async with slipway.parts.database.write() as session:
        serves = sa.update(Cluster).where(Cluster.id == cluster["resource"]["id"])
        await session.execute(serves.values(state=ClusterState.READY))
    pools = f"/v1/clusters/{cluster['resource']['id']}/node-pools"
    pool = await made(pools, {"name": f"pool-of-{tenant.name}", "size": "Standard_D4s_v5", "count": 1})
    exposures = f"/v1/clusters/{cluster['resource']['id']}/exposures"
    exposure = await made(exposures, OPERATIONS["create_exposure"].bodies()[0])
    public_ip = (await made("/v1/public-ips", {"name": f"ip-of-{tenant.name}", "location": "westeurope"}))["resource"]
    address = f"192.0.2.{len(tenant.name)}"
    async with slipway.parts.database.write() as session:
        # Its job does not run here.
        assigned = sa.update(PublicIp).where(PublicIp.id == public_ip["id"])
        await session.execute(assigned.values(address=address))
    share, snapshot = await _share(slipway, tenant, made)
    command = await made(f"/v1/clusters/{cluster['resource']['id']}:run-command", {"command": "kubectl get nodes"})
    spare = await add_key(slipway.parts.database, Role.READER, tenant.id)
    jobs = (await slipway.ask("GET", "/v1/jobs?limit=1", key=tenant.admin)).json()
    of_cluster, of_group = cluster["resource"], group["resource"]
    named = {
        "project": [tenant.id, tenant.name],
        "key": [f"key_{spare.split('_')[1]}"],
        "cluster": [of_cluster["id"], of_cluster["name"]],
        "node_pool": [pool["resource"]["id"], pool["resource"]["name"]],
        "exposure": [exposure["resource"]["id"]],
        "public_ip": [public_ip["id"], public_ip["name"], address],
        "address": [address],
        "share": [share["id"], share["name"]],
        "snapshot": [snapshot],
        "account": [share["account_id"], share["account"]],
        "workspace": [await _monitored(slipway, tenant, of_cluster["id"])],
        "volume": [await _volume(slipway, made, of_cluster["id"], share["id"])],
        "job_id": [cluster["job"]["id"]],
        "command": [command["job"]["id"]],
        "group": [of_group["id"], of_group["name"]],
        "target_id": [of_cluster["id"], of_group["id"]],
        "subject_id": [cluster["job"]["id"]],
        "name": [of_cluster["name"], of_group["name"]],
        "resource_group": [of_cluster["resource_group"]],
        "tag": [tenant.name],
        "cursor": [jobs["next_cursor"]],
    }
    return Belongings(tenant, named)


async def _share(slipway: Slipway, tenant: Tenant, made: Made) -> tuple[dict[str, Any], str]:
    """A share that serves, and the id of its one snapshot; no job runs here."""
    body = {"name": f"share-of-{tenant.name}", "location": "westeurope", "quota_gib": 5}
    share = (await made("/v1/shares", body))["resource"]
    second = f"{len(tenant.name):02}"
    observed = {"snapshots": [{"moment": f"2026-01-31T08:15:{second}.0000000Z", "quota_gib": 5, "leased": False}]}
    async with slipway.parts.database.write() as session:
        serves = sa.update(Share).where(Share.id == share["id"])
        await session.execute(serves.values(state=StorageState.READY, observed=observed))
    return share, f"20260131T0815{second}.0000000Z"


async def _monitored(slipway: Slipway, tenant: Tenant, cluster_id: str) -> str:
    """The id of a workspace that Slipway made, to which the cluster sends."""
    path = f"/v1/clusters/{cluster_id}/monitoring"
    assert (await slipway.ask("PUT", path, {}, key=tenant.admin)).status_code == 202
    now = slipway.parts.clock.now()
    workspace = Workspace(
        id=new_id(Prefix.WORKSPACE),
        project_id=tenant.id,
        name="logs",
        subscription_id=slipway.azure.subscription_id,
        resource_group="logs",
        location="westeurope",
        azure_key=f"/logs/{tenant.name}",
        managed=True,
        state=WorkspaceState.READY,
        wanted={},
        created_by="test",
        created_at=now,
        updated_at=now,
    )
    async with slipway.parts.database.write() as session:
        session.add(workspace)
        await session.flush()
        sends = sa.update(Monitoring).where(Monitoring.cluster_id == cluster_id)
        await session.execute(sends.values(workspace_id=workspace.id, state=MonitoringState.OK))
    return workspace.id


async def _volume(slipway: Slipway, made: Made, cluster_id: str, share_id: str) -> str:
    """The id of a volume in a cluster whose storage a reader has seen."""
    volume = await made(f"/v1/clusters/{cluster_id}/volumes", {"name": "data", "share": {"id": share_id}})
    async with slipway.parts.database.write() as session:
        storage = StorageSeen((), (), ()).as_json()
        session.add(ClusterReader(cluster_id=cluster_id, state=ReaderState.WATCHING, storage=storage))
    return str(volume["resource"]["id"])
