"""Volumes on the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.core.text import PLAIN
from app.jobs.schemas import JobRead, RunOptions
from app.storage.schemas.shares import (
    LARGEST_GIB,
    AccountChoice,
    ClusterShareCreate,
    NetworkChoice,
    Redundancy,
    RootSquash,
    ShareName,
    ShareProtocol,
    Tier,
)
from app.subscriptions.schemas import GroupName

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
_LABEL = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
ObjectName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=_LABEL), PLAIN]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.-]+$"), PLAIN]
MountOption = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[a-z][A-Za-z0-9_]*(=[A-Za-z0-9_.:/+-]+)?$"), PLAIN
]
# https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-shares--directories--files--and-metadata
Subdirectory = Annotated[
    str, StringConstraints(min_length=1, max_length=1024, pattern=r'^[^/\\:|<>*?"]+(/[^/\\:|<>*?"]+)*$'), PLAIN
]


class AccessMode(StrEnum):
    """How many nodes may mount it, and how."""

    READ_WRITE_MANY = "ReadWriteMany"
    READ_ONLY_MANY = "ReadOnlyMany"
    READ_WRITE_ONCE = "ReadWriteOnce"


class MountAuth(StrEnum):
    """How nodes prove themselves to the account."""

    KEY = "key"
    IDENTITY = "identity"


def _many() -> list[AccessMode]:
    return [AccessMode.READ_WRITE_MANY]


class VolumeCreate(RequestModel):
    """A new volume: a share bound into a namespace, ready to be mounted by a pod."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "media", "namespace": "default", "share": {"id": "uploads"}}]}
    )

    name: ObjectName
    """The claim's name, by which pods mount it."""
    namespace: ObjectName = "default"
    share: "VolumeShare"
    access_modes: Annotated[list[Choice[AccessMode]], Field(min_length=1, max_length=3, default_factory=_many)]
    read_only: Annotated[bool, Field()] = False
    """Nobody writes through this volume; other volumes of the share may."""
    subdirectory: Subdirectory | None = None
    """A folder of the share that is mounted in its place; made at the first mount where it is missing."""
    mount_options: Annotated[list[MountOption], Field(max_length=32, default_factory=list)]
    """Beside, or in place of, those that AKS advises; for Linux nodes. One that carries a secret is refused."""
    auth: Choice[MountAuth] = MountAuth.KEY
    """`key`: by a Secret with the account's key, which key rotation keeps up to date. `identity`: by the nodes' own
    identity, without a Secret; SMB only. NFS knows neither and needs none."""
    options: RunOptions = RunOptions()


class VolumeShare(RequestModel):
    """The share that is bound: one that the project has, by `id`, or a new one, by `name` and `quota_gib`."""

    id: Reference | None = None
    """A share of `/v1/shares`, by id or name."""
    name: ShareName | None = None
    """Of a new share, made for the cluster in the same job. It stays when the volume goes."""
    quota_gib: Annotated[int, Field(ge=1, le=LARGEST_GIB)] | None = None
    """Premium shares have at least 100."""
    protocol: Choice[ShareProtocol] = ShareProtocol.SMB
    """NFS is for Linux only, needs a premium account, and rules for the network in place of a key."""
    tier: Choice[Tier] | None = None
    """Default: `premium` for NFS, else `transaction_optimized`."""
    redundancy: Choice[Redundancy] = Redundancy.LRS
    root_squash: Choice[RootSquash] | None = None
    """For NFS only; default `NoRootSquash`."""
    resource_group: GroupName | None = None
    """Of an account that is made. Default: the cluster's."""
    account: AccountChoice | None = None
    """Default: one of the project's that fits and has room, or a new one."""
    network: NetworkChoice = NetworkChoice()

    def new(self) -> ClusterShareCreate:
        """The same as a request for a share of its own."""
        said = {name: getattr(self, name) for name in self.model_fields_set if name != "id"}
        return ClusterShareCreate.model_validate(said)


class VolumeProblemRead(ResponseModel):
    """Why it is not bound, or does not end."""

    code: str
    detail: str
    remedy: str | None
    retryable: bool
    since: datetime | None


class VolumeRead(ResponseModel):
    """A share bound into a namespace: Secret, PersistentVolume and PersistentVolumeClaim."""

    id: str
    cluster_id: str
    namespace: str
    name: str
    state: str
    """pending, bound, deleting, deleted, failed or lost; new states may come."""
    share_id: str
    persistent_volume: str
    """The PersistentVolume's name."""
    secret: str | None
    """The Secret in the namespace that opens the account; null where none is needed."""
    access_modes: list[str]
    read_only: bool
    subdirectory: str | None
    mount_options: list[str]
    auth: str
    """key, identity or none."""
    phase: str | None
    """The claim's phase as last seen: Pending, Bound, Lost."""
    capacity: str | None
    problem: VolumeProblemRead | None
    warnings: list[str]
    """What works, and is probably not what was meant."""
    mounted_by: list[str]
    """Pods that mounted it when a job last looked."""
    pod_yaml: str
    """The lines of a pod's spec that mount it."""
    observed_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class VolumeAccepted(ResponseModel):
    """The job that does it, and the volume as it is now."""

    job: JobRead
    resource: VolumeRead
