"""A volume's three objects in the cluster, and the pod that mounts it.

https://learn.microsoft.com/azure/aks/azure-csi-files-storage-provision#create-a-persistent-volume
"""

from dataclasses import dataclass

from app.kubernetes.types.volume import AccountSecretSpec, ClaimSpec, PersistentVolumeSpec
from app.storage.specs.volume_wanted import IDENTITY, KEY, NFS, WantedVolume

VOLUME_LABEL = "slipway.dev/volume"
MANAGED_BY = ("app.kubernetes.io/managed-by", "slipway")
ACCOUNT_LABEL = "slipway.dev/storage-account"
_UNIQUE_CHARACTERS = 8
# What AKS advises, with a session of its own for each mount, so that one that broke does not break the others.
SMB_OPTIONS = ("dir_mode=0777", "file_mode=0777", "mfsymlinks", "cache=strict", "nosharesock", "actimeo=30")
NFS_OPTIONS = ("nconnect=4", "noresvport", "actimeo=30")


@dataclass(frozen=True, slots=True)
class ShareAt:
    """Where a share is in Azure."""

    resource_group: str
    account: str
    share: str
    quota_gib: int
    file_endpoint: str | None = None

    @property
    def host(self) -> str:
        """The name under which nodes reach the account's files."""
        if self.file_endpoint:
            return self.file_endpoint.removeprefix("https://").rstrip("/")
        return f"{self.account}.file.core.windows.net"


@dataclass(frozen=True, slots=True)
class VolumeAt:
    """Which volume, and its names in the cluster."""

    volume_id: str
    namespace: str
    name: str
    persistent_volume: str
    secret: str | None


def persistent_volume_name(namespace: str, name: str, volume_id: str) -> str:
    """PersistentVolumes have no namespace: the id's end tells volumes of one name apart, in time and in place."""
    return f"slipway-{namespace}-{name}-{volume_id[-_UNIQUE_CHARACTERS:]}"


def secret_name(account: str) -> str:
    """One Secret opens an account for all volumes of a namespace."""
    return f"slipway-{account}"


def handle_of(volume: VolumeAt, share: ShareAt) -> str:
    """The driver's form: group#account#share#disk#uuid#namespace. Two volumes with one handle break each other."""
    return f"{share.resource_group}#{share.account}#{share.share}##{volume.volume_id}#{volume.namespace}"


def secret_of(volume: VolumeAt, account: str, key: str) -> AccountSecretSpec:
    """The Secret that opens the account; its volumes are not named: they come and go."""
    return AccountSecretSpec(
        namespace=volume.namespace,
        name=secret_name(account),
        account=account,
        key=key,
        labels=dict([MANAGED_BY, (ACCOUNT_LABEL, account)]),
    )


def persistent_volume_of(volume: VolumeAt, wanted: WantedVolume, share: ShareAt) -> PersistentVolumeSpec:
    """The PersistentVolume, kept for the volume's claim alone."""
    return PersistentVolumeSpec(
        name=volume.persistent_volume,
        handle=handle_of(volume, share),
        capacity_gib=share.quota_gib,
        access_modes=wanted.access_modes,
        claim_namespace=volume.namespace,
        claim_name=volume.name,
        attributes=_attributes(wanted, share),
        secret=(volume.namespace, volume.secret) if wanted.auth == KEY and volume.secret else None,
        mount_options=mount_options_of(wanted),
        read_only=wanted.read_only,
        labels=labels_of(volume),
    )


def claim_of(volume: VolumeAt, wanted: WantedVolume, share: ShareAt) -> ClaimSpec:
    """The claim, for the volume's PersistentVolume alone."""
    return ClaimSpec(
        namespace=volume.namespace,
        name=volume.name,
        access_modes=wanted.access_modes,
        request_gib=share.quota_gib,
        volume=volume.persistent_volume,
        labels=labels_of(volume),
    )


def labels_of(volume: VolumeAt) -> dict[str, str]:
    """By which an object is known for this volume's."""
    return dict([MANAGED_BY, (VOLUME_LABEL, volume.volume_id)])


def mount_options_of(wanted: WantedVolume) -> tuple[str, ...]:
    """The defaults, each unless the caller said otherwise about the same option, and then the caller's own."""
    defaults = NFS_OPTIONS if wanted.protocol == NFS else SMB_OPTIONS
    said = {_option(each) for each in wanted.mount_options}
    return (*(each for each in defaults if _option(each) not in said), *wanted.mount_options)


def pod_lines(claim: str, *, read_only: bool) -> str:
    """The lines of a pod's spec that mount the claim, as YAML; the container's own ones are its `volumeMounts`."""
    lines = [
        "volumes:",
        f"- name: {claim}",
        "  persistentVolumeClaim:",
        f"    claimName: {claim}",
    ]
    if read_only:
        lines.append("    readOnly: true")
    return "\n".join(lines) + "\n"


def _attributes(wanted: WantedVolume, share: ShareAt) -> dict[str, str]:
    # https://github.com/kubernetes-sigs/azurefile-csi-driver/blob/master/docs/driver-parameters.md
    found = {
        "resourceGroup": share.resource_group,
        "storageAccount": share.account,
        "shareName": share.share,
        "server": share.host,
    }
    if wanted.protocol == NFS:
        found["protocol"] = "nfs"
    if wanted.subdirectory is not None:
        found["folderName"] = wanted.subdirectory
    if wanted.auth == IDENTITY:
        found["mountWithManagedIdentity"] = "true"
    return found


def _option(text: str) -> str:
    return text.partition("=")[0]
