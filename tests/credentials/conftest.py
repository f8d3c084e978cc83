from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.azure.types.call import Call
from app.azure.types.cluster import AgentPoolSpec, ManagedCluster, ManagedClusterSpec
from app.credentials.router import router
from app.db.engine import Database
from app.models import Cluster
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served, serve

SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrmkk1ohZ0C0T0UqBOPhvnx2x9hkmv1kP8X3vF4aWqQ test"


@pytest.fixture
async def served(
    database: Database, local_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    async with serve([router], database, local_azure, monkeypatch) as served:
        yield served


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
    return answer.cluster


def observed(cluster: ManagedCluster) -> dict[str, object]:
    return {"fqdn": cluster.fqdn, "private_fqdn": None, "local_accounts_disabled": False}


@pytest.fixture
async def cluster(served: Served) -> Cluster:
    """A ready cluster, in Azure and as a row."""
    return await served.add_cluster("prod", observed=observed(await make_cluster(served, "prod")))
