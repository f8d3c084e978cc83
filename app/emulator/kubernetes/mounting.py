"""What a node asks of a volume's driver before a pod can start, and who answers for what lies outside the cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from app.emulator.kubernetes.documents import Object


@dataclass(frozen=True)
class Mount:
    """One call of a CSI driver on a node."""

    node: Object
    driver: str
    handle: str
    """What the driver knows the volume by."""
    path: str
    """Where on the node it is to be mounted."""
    attributes: Mapping[str, str]
    """`volumeAttributes`, with what the kubelet says of the pod where it is for one pod only."""
    options: tuple[str, ...]
    secrets: Mapping[str, str]
    """What the Secret of `nodeStageSecretRef` holds; empty where none is named."""


class Mounts(Protocol):
    """The drivers on the nodes of all clusters."""

    def refusal(self, cluster: str, mount: Mount) -> str | None:
        """Mount, or say why not, as the driver says it (`rpc error: code = Internal desc = ...`)."""
        ...


class LocalMounts:
    """Drivers that mount everything: for clusters without an Azure around them."""

    def refusal(self, cluster: str, mount: Mount) -> str | None:  # noqa: ARG002 (nothing is refused)
        """Mount."""
        return None
