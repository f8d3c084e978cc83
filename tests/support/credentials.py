"""A cluster to take kubeconfigs of, and what was kept of it."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster, ManagedClusterSpec
from app.db.engine import Database
from app.models import Cluster, Credential, Event
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served

SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrmkk1ohZ0C0T0UqBOPhvnx2x9hkmv1kP8X3vF4aWqQ test"
USER = "ManagedClusters_ListClusterUserCredentials"
ADMIN = "ManagedClusters_ListClusterAdminCredentials"
YAML = "application/yaml"


def path_of(cluster: Cluster) -> str:
    return f"/v1/clusters/{cluster.id}/credentials"


async def rows(database: Database) -> int:
    async with database.read() as session:
        return (await session.scalar(select(func.count()).select_from(Credential))) or 0


async def events(database: Database) -> list[tuple[str, dict[str, Any]]]:
    async with database.read() as session:
        found = await session.scalars(select(Event).order_by(Event.sequence))
        return [(event.type, event.data) for event in found]


async def update(served: Served, cluster: Cluster, **fields: object) -> None:
    async with served.database.write() as session:
        found = await session.get_one(Cluster, cluster.id)
        for name, value in fields.items():
            setattr(found, name, value)


def answer_with(azure: LocalAzureForTests, document: bytes, operation: str = USER) -> None:
    body = {"kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(document).decode()}]}
    azure.add_fault("error", operation=operation, status=200, body=body)


async def make_cluster(served: Served, name: str) -> ManagedCluster:
    """A cluster of the local Azure."""
    azure = served.parts.credential_source.azure.subscription(served.parts.settings.azure.subscription_id or "")
    call = Call(deadline=served.clock.now() + timedelta(seconds=30))
    group = f"group-{name}"
    await azure.resource_groups.put(group, "westeurope", {}, call=call)
    spec = ManagedClusterSpec(
        location="westeurope",
        kubernetes_version=None,
        dns_prefix=name,
        tags={},
        pools=(AgentPoolSpec("system", "System", "Linux", "Standard_D2s_v5", 1),),
        admin_username="azureuser",
        ssh_public_key=SSH_KEY,
    )
    answer = await azure.managed_clusters.put(group, name, spec, call=call)
    assert answer.cluster.fqdn
    # AKS gives no kubeconfig before the control plane is there.
    async with asyncio.timeout(20):
        while True:
            made = await azure.managed_clusters.get(group, name, call=call)
            if made is not None and made.provisioning_state == "Succeeded":
                return made
            await asyncio.sleep(0.05)


def observed(cluster: ManagedCluster) -> dict[str, object]:
    return {"fqdn": cluster.fqdn, "private_fqdn": None, "local_accounts_disabled": False}
