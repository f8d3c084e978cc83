"""More room for a claim, as external-resizer gives it (kubernetes-csi/external-resizer)."""

from app.emulator.kubernetes.controllers.conditions import condition
from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.quantities import number
from app.emulator.kubernetes.storage_classes import FILES
from app.emulator.providers.containerservice.csi import disks, files
from app.emulator.providers.containerservice.csi.site import Site

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"


def _volume_of(site: Site, claim: Object) -> Object | None:
    return site.store.get(_VOLUMES, "", claim["spec"].get("volumeName", ""))


def announce(site: Site, claim: Object) -> None:
    """Say that a volume is being resized, by an event and a condition of the claim."""
    volume = _volume_of(site, claim)
    if volume is None:
        return
    name = volume["metadata"]["name"]
    said = f"External resizer is resizing volume {name}"
    site.tell(volume["spec"]["csi"]["driver"], _CLAIMS, claim, "Resizing", said)
    resizing = {"type": "Resizing", "status": "True"}
    status = claim["status"]
    now = timestamp(site.store.now())
    conditions = [_without_update_time(one) for one in condition(status, resizing, now)]
    site.store.replace(_CLAIMS, {**claim, "status": {**status, "conditions": conditions}})


def _without_update_time(entry: Object) -> Object:
    return {"lastProbeTime": None, **{key: value for key, value in entry.items() if key != "lastUpdateTime"}}


async def expand(site: Site, claim: Object) -> None:
    """Let what a claim has grow, and tell of it on volume and claim."""
    volume = _volume_of(site, claim)
    if volume is None:
        return
    driver = volume["spec"]["csi"]["driver"]
    grow = files.expand if driver == FILES else disks.expand
    size = await grow(site, volume, number(at(claim, "spec.resources.requests.storage", "0")))
    volume = _volume_of(site, claim)
    now = site.store.get(_CLAIMS, claim["metadata"]["namespace"], claim["metadata"]["name"])
    if volume is None or now is None:
        return
    capacity = {"storage": size}
    site.store.replace(_VOLUMES, {**volume, "spec": {**volume["spec"], "capacity": capacity}})
    status = {key: value for key, value in now["status"].items() if key != "conditions"}
    site.store.replace(_CLAIMS, {**now, "status": {**status, "capacity": dict(capacity)}})
    site.tell(driver, _CLAIMS, claim, "VolumeResizeSuccessful", "Resize volume succeeded")


def fail(site: Site, claim: Object, error: Exception) -> None:
    """Say why a volume has not grown."""
    volume = _volume_of(site, claim)
    if volume is not None:
        driver, name = volume["spec"]["csi"]["driver"], volume["metadata"]["name"]
        said = f'resize volume "{name}" by resizer "{driver}" failed: {error}'
        site.tell(driver, _CLAIMS, claim, "VolumeResizeFailed", said, warning=True)
