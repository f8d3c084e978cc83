"""All tables. They cross slices, so they live below them."""

from app.models.base import Base
from app.models.cluster import Cluster, ClusterState, Credential, NodePool
from app.models.event import Event
from app.models.job import TERMINAL, Job, JobState, JobStep, StepState, Worker, WorkerState
from app.models.network import (
    AzureResource,
    ClusterReader,
    Exposure,
    ExposureState,
    PublicIp,
    PublicIpState,
    ReaderState,
)
from app.models.project import ApiKey, Project, Role
from app.models.request import Duration, IdempotencyKey, RateBucket
from app.models.subscription import CatalogEntry, Provider, ResourceGroup, ResourceGroupState

__all__ = [
    "TERMINAL",
    "ApiKey",
    "AzureResource",
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
    "JobState",
    "JobStep",
    "NodePool",
    "Project",
    "Provider",
    "PublicIp",
    "PublicIpState",
    "RateBucket",
    "ReaderState",
    "ResourceGroup",
    "ResourceGroupState",
    "Role",
    "StepState",
    "Worker",
    "WorkerState",
]
