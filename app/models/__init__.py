"""All tables. They cross slices, so they live below them."""

from app.models.bad_offer import BadOffer
from app.models.base import Base
from app.models.cluster import Cluster, ClusterState, Credential, NodePool, NodePoolState
from app.models.event import Event
from app.models.job import (
    ANOTHER_OPERATION,
    TERMINAL,
    Job,
    JobOrigin,
    JobState,
    JobStep,
    StepState,
    Worker,
    WorkerState,
)
from app.models.monitoring import Monitoring, MonitoringState, Workspace, WorkspaceState
from app.models.network import (
    AzureResource,
    ClusterReader,
    Exposure,
    ExposureState,
    PublicIp,
    PublicIpState,
    ReaderState,
)
from app.models.plan import Plan
from app.models.project import ApiKey, Project, Role
from app.models.request import Duration, IdempotencyKey, RateBucket
from app.models.sealed_secret import SealedSecret
from app.models.storage import Share, StorageAccount, StorageState, Volume, VolumeState
from app.models.subscription import CatalogEntry, Provider, ResourceGroup, ResourceGroupState

__all__ = [
    "ANOTHER_OPERATION",
    "TERMINAL",
    "ApiKey",
    "AzureResource",
    "BadOffer",
    "Base",
    "CatalogEntry",
    "Cluster",
    "ClusterReader",
    "ClusterState",
    "Credential",
    "Duration",
    "Event",
    "Exposure",
    "ExposureState",
    "IdempotencyKey",
    "Job",
    "JobOrigin",
    "JobState",
    "JobStep",
    "Monitoring",
    "MonitoringState",
    "NodePool",
    "NodePoolState",
    "Plan",
    "Project",
    "Provider",
    "PublicIp",
    "PublicIpState",
    "RateBucket",
    "ReaderState",
    "ResourceGroup",
    "ResourceGroupState",
    "Role",
    "SealedSecret",
    "Share",
    "StepState",
    "StorageAccount",
    "StorageState",
    "Volume",
    "VolumeState",
    "Worker",
    "WorkerState",
    "Workspace",
    "WorkspaceState",
]
