"""What AKS adds to a cluster, and what is said of its Windows nodes."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from app.api.schemas import Choice, RequestModel
from app.clusters.schemas.azure_names import ResourceId
from app.core.text import PLAIN


class StorageDrivers(RequestModel):
    """The drivers for volumes. AKS has all but `blob` on by default."""

    disk: bool | None = None
    file: bool | None = None
    blob: bool | None = None
    snapshot_controller: bool | None = None


class WebAppRouting(RequestModel):
    """An ingress controller that AKS keeps."""

    dns_zone_ids: Annotated[list[ResourceId], Field(max_length=5)] | None = None


class Addons(RequestModel):
    """What AKS adds to the cluster. Monitoring has endpoints of its own."""

    azure_policy: bool | None = None
    web_app_routing: WebAppRouting | None = None
    """null switches it off."""
    keda: bool | None = None
    vertical_pod_autoscaler: bool | None = None


class WindowsLicence(StrEnum):
    """`Windows_Server`: you have licences of your own (Azure Hybrid Benefit)."""

    NONE = "None"
    WINDOWS_SERVER = "Windows_Server"


class Windows(RequestModel):
    """The administrator of Windows nodes. The password is no part of it: it is given once and kept nowhere."""

    username: (
        Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$"), PLAIN]
        | None
    ) = None
    licence: Choice[WindowsLicence] | None = None
