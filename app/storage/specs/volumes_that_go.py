"""Which PersistentVolumes go with a cluster: those whose data lies in AKS's own group for it."""

from collections.abc import Iterable

from app.clusters.schemas.deletion import Flag
from app.clusters.specs.deletion import Item
from app.kubernetes.types.volume import PersistentVolumeState


def items_of_volumes(volumes: Iterable[PersistentVolumeState], node_group: str | None) -> list[Item]:
    """One item for each, by name; whatever its reclaim policy, since Azure removes the group with all of it.

    A disk's handle is its ARM id, a share's begins with the resource group of its account:
    https://github.com/kubernetes-sigs/azuredisk-csi-driver/blob/master/docs/driver-parameters.md and
    https://github.com/kubernetes-sigs/azurefile-csi-driver/blob/master/docs/driver-parameters.md
    """
    if node_group is None:
        return []
    group = node_group.lower()
    return [
        Item(
            "persistent_volume",
            volume.name,
            goes=True,
            detail=_detail(volume),
            id=volume.handle,
            flag=Flag.DISKS,
        )
        for volume in sorted(volumes, key=lambda volume: volume.name)
        if _lies_in(volume.handle, group)
    ]


def _lies_in(handle: str | None, group: str) -> bool:
    place = (handle or "").lower()
    return f"/resourcegroups/{group}/" in place or place.startswith(f"{group}#")


def _detail(volume: PersistentVolumeState) -> str:
    claim = f"{volume.claim_namespace}/{volume.claim_name}" if volume.claim_name else "no claim"
    return f"{volume.capacity or 'Of unknown size'}, {volume.phase} for {claim}. Nothing keeps it."
