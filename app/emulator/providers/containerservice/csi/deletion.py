"""The end of a volume whose claim is gone and whose policy is Delete."""

from app.emulator.kubernetes.controllers.volumes.claims import PROVISIONED_BY, annotation, without_finalizer
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.removal import remove
from app.emulator.kubernetes.storage_classes import FILES
from app.emulator.providers.containerservice.csi import disks, files
from app.emulator.providers.containerservice.csi.provisioning import FINALIZER
from app.emulator.providers.containerservice.csi.site import Site

_VOLUMES = "persistentvolumes"


def announce(_site: Site, _volume: Object) -> None:
    """Nothing is said before."""


async def delete(site: Site, volume: Object) -> None:
    """Delete what a volume names, and then the volume."""
    name = volume["metadata"]["name"]
    end = files.delete if annotation(volume, PROVISIONED_BY) == FILES else disks.delete
    await end(site, volume)
    now = site.store.get(_VOLUMES, "", name)
    if now is not None:
        without_finalizer(site.store, _VOLUMES, now, FINALIZER)
    now = site.store.get(_VOLUMES, "", name)
    if now is not None:
        remove(site.store, _VOLUMES, now)


def fail(site: Site, volume: Object, error: Exception) -> None:
    """Say why a volume is still there."""
    driver = annotation(volume, PROVISIONED_BY)
    site.tell(driver, _VOLUMES, volume, "VolumeFailedDelete", str(error), warning=True)
