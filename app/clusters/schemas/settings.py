"""What a cluster can be set to, on the wire: in a request, in what is wanted of it, and in an answer.

`app/azure/types/cluster_fields.py` says where each stands in Azure's model.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from app.api.schemas import Choice, RequestModel
from app.clusters.schemas.addons import Addons, StorageDrivers, Windows
from app.clusters.schemas.identity import Access, Identity
from app.clusters.schemas.network import ApiServer, Network
from app.clusters.schemas.pools import AzureProperties
from app.clusters.schemas.security import Security
from app.clusters.schemas.upkeep import Autoscaler, Upgrades


class ClusterTier(StrEnum):
    """What Azure promises of the control plane, and what it costs."""

    FREE = "Free"
    STANDARD = "Standard"
    PREMIUM = "Premium"


class SupportPlan(StrEnum):
    """How long a Kubernetes version is supported; long-term support takes the tier Premium."""

    KUBERNETES_OFFICIAL = "KubernetesOfficial"
    LONG_TERM = "AKSLongTermSupport"


class SettingMembers(BaseModel):
    """The members of a cluster that say what it is set to, in requests and in answers."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    tier: Choice[ClusterTier] | None = None
    support_plan: Choice[SupportPlan] | None = None
    network: Network | None = None
    api_server: ApiServer | None = None
    identity: Identity | None = None
    access: Access | None = None
    security: Security | None = None
    autoscaler: Autoscaler | None = None
    upgrades: Upgrades | None = None
    storage_drivers: StorageDrivers | None = None
    addons: Addons | None = None
    windows: Windows | None = None
    azure_properties: AzureProperties | None = None
    """What AKS has beyond these, under its own names; merged last, and refused where a field of ours says the same."""


class ClusterSettings(SettingMembers, RequestModel):
    """What a cluster can be set to beside its version, its tags and its pools. null leaves it to AKS."""
