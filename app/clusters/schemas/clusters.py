"""Clusters on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, SecretStr, StringConstraints

from app.api.schemas import RequestModel, ResponseModel
from app.clusters.schemas.conditions import ConditionRead
from app.clusters.schemas.ending import Ending
from app.clusters.schemas.network import NetworkCreate
from app.clusters.schemas.pools import Fallback, NodeCount, NodePoolCreate, NodePoolRead, PoolName, SizeName
from app.clusters.schemas.settings import ClusterSettings, SettingMembers
from app.core.text import PLAIN, PLAIN_LINES, PLAIN_SECRET
from app.jobs.schemas import JobRead, RunOptions
from app.subscriptions.schemas import GroupName, LocationName, Tags

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftcontainerservice
ClusterName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$"),
    PLAIN,
    Field(examples=["shop"]),
]
LATEST = "latest"
Version = Annotated[
    str,
    StringConstraints(max_length=16, pattern=r"^(latest|[0-9]{1,2}\.[0-9]{1,3}(\.[0-9]{1,3})?)$"),
    PLAIN,
    Field(examples=["1.33"]),
]
PatchVersion = Annotated[
    str,
    StringConstraints(max_length=16, pattern=r"^[0-9]{1,2}\.[0-9]{1,3}\.[0-9]{1,3}$"),
    PLAIN,
    Field(examples=["1.33.5"]),
]
PublicKey = Annotated[str, StringConstraints(min_length=1, max_length=16_384), PLAIN_LINES]

# https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update#managedclusterwindowsprofile
WindowsPassword = Annotated[SecretStr, Field(min_length=14, max_length=123), PLAIN_SECRET]
# https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update#containerservicelinuxprofile
UserName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=32, pattern=r"^[A-Za-z][-A-Za-z0-9_]*$"),
    PLAIN,
    Field(examples=["azureuser"]),
]


class ClusterFallback(Fallback):
    """What is tried where Azure has no room, no quota or no such offer: size and zones are then those of all pools."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"location": "northeurope"}]})

    location: LocationName | None = None


class ClusterCreate(ClusterSettings, Ending):
    """A new cluster. Nodes are given by `node_count` and `node_size`, or by `node_pools`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "blue",
                    "location": "westeurope",
                    "node_count": 1,
                    "node_size": "Standard_D4s_v5",
                    "generate_ssh_key": True,
                    "tags": {"team": "payments"},
                    "ttl_seconds": 604_800,
                }
            ]
        }
    )

    name: ClusterName
    """Unique in the project; the cluster's name in Azure too."""
    location: LocationName
    network: NetworkCreate | None = None
    resource_group: GroupName | None = None
    """Made when it does not exist, and then removed with its last cluster. Default: `slipway-<project>-<name>`."""
    kubernetes_version: Version | None = None
    """`1.33` takes the newest patch of a minor, `latest` the newest version that is no preview; null: AKS's default."""
    node_count: Annotated[int, Field(ge=1, le=1000)] | None = None
    node_size: SizeName | None = None
    node_pools: Annotated[list[NodePoolCreate], Field(min_length=1, max_length=100)] | None = None
    ssh_public_key: PublicKey | None = None
    """For the nodes' user: RSA of at least 2048 bits, or Ed25519, in OpenSSH's form."""
    ssh_username: UserName = "azureuser"
    generate_ssh_key: Annotated[bool, Field()] = False
    """Makes a key pair; the private key is in this answer only and is kept nowhere."""
    windows_password: WindowsPassword | None = None
    """Of the Windows nodes' administrator: kept encrypted until Azure has it, then erased. null: one is made for Azure
    and kept nowhere."""
    tags: Annotated[Tags, Field(default_factory=dict)]
    fallbacks: Annotated[list[ClusterFallback], Field(max_length=10, default_factory=list)]
    """Tried in this order; each try is an event and stands in the job's outcome (`tried`)."""
    options: RunOptions = RunOptions()


class ClusterScale(RequestModel):
    """How many nodes a pool shall have."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"count": 2}]})

    count: NodeCount
    node_pool: PoolName | None = None
    """May be left out when the cluster has one pool."""
    options: RunOptions = RunOptions()


class KubernetesRead(ResponseModel):
    """How Slipway reads what is in the cluster."""

    state: str
    """connecting, watching, unreachable, private (read now and then by a command that AKS runs), or stopped."""
    seen_at: datetime | None
    """When the cluster's API server was last heard."""
    problem: dict[str, Any] | None
    """Why it is not watched, as an error has it."""


class UnmanagedPoolRead(ResponseModel):
    """A node pool that Slipway did not make. It is shown, and left alone."""

    azure_name: str
    observed: dict[str, Any]
    """What Azure last said of it."""


class ClusterRead(SettingMembers, ResponseModel):
    """A cluster. What it is set to stands here as it was asked for; what Azure has, in `observed`."""

    id: str
    name: str
    state: str
    """creating, ready, updating, upgrading, stopping, stopped, starting, degraded (it serves, but a condition is
    False), deleting, deleted, failed or lost; new states may come."""
    provisioning_state: str | None
    """Azure's own word, as last seen."""
    conditions: list[ConditionRead]
    """What is judged of it, again and again. They change without a new ETag, as long as `state` does not."""
    summary: str
    """One plain sentence, fit to be posted in a chat."""
    current_job: str | None
    """The job that is at work on it, or the first in line; one of `origin` azure goes before all."""
    location: str
    resource_group: str
    azure_name: str
    subscription_id: str
    kubernetes_version: str | None
    """The version that runs; before that, the one that was asked for."""
    fqdn: str | None
    oidc_issuer_url: str | None
    """Where the cluster's tokens are vouched for, with `security.oidc_issuer`: what federated credentials name."""
    node_resource_group: str | None
    outbound_ips: list[str]
    """The addresses from which the cluster's pods reach the internet."""
    node_pools: list[NodePoolRead]
    unmanaged_node_pools: list[UnmanagedPoolRead]
    """Pools that Azure has and Slipway did not make."""
    ssh_username: str
    tags: dict[str, str]
    protection: bool
    """While it is on, nothing deletes the cluster."""
    expires_at: datetime | None
    """When the cluster's end comes by itself, if it is not protected then."""
    on_expiry: str
    """What that end is: `delete` or `stop`."""
    observed: dict[str, Any] | None
    """What Azure last said, at `observed_at`."""
    observed_at: datetime | None
    kubernetes: KubernetesRead | None = None
    """How the cluster itself is read; null while no worker does. It changes without a new ETag."""
    created_by: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class ClusterAccepted(ResponseModel):
    """The job that does it, and the cluster as it is now."""

    job: JobRead
    resource: ClusterRead


class ClusterCreated(ClusterAccepted):
    """The job that makes the cluster."""

    ssh_private_key: str | None = None
    """With `generate_ssh_key`, in this first answer only."""
    secret_state: str | None = None
    """`shown_once` in a repeat of the request: the key was in the first answer."""
