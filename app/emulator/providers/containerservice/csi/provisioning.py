"""A volume for a claim, as external-provisioner makes it (kubernetes-csi/external-provisioner)."""

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.controllers.volumes.claims import CLASSES, PROVISIONED_BY, PROVISIONER, annotation
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.volumes import PERSISTENT_VOLUMES, class_of
from app.emulator.kubernetes.storage_classes import FILES
from app.emulator.providers.containerservice.csi import disks, files
from app.emulator.providers.containerservice.csi.site import Site

FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
_CLAIMS = "persistentvolumeclaims"
_STAGE_SECRET = "csi.storage.k8s.io/node-stage-secret-"  # noqa: S105 (the name of a parameter)


def announce(site: Site, claim: Object) -> None:
    """Say that a volume is being made."""
    name = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
    said = f'External provisioner is provisioning volume for claim "{name}"'
    site.tell(annotation(claim, PROVISIONER), _CLAIMS, claim, "Provisioning", said)


async def provision(site: Site, claim: Object) -> None:
    """Make what a claim asks for, and the volume that names it."""
    driver, name = annotation(claim, PROVISIONER), f"pvc-{claim['metadata']['uid']}"
    found = site.store.get(CLASSES, "", class_of(claim))
    if found is None or site.store.get("persistentvolumes", "", name) is not None:
        return
    make = files.create if driver == FILES else disks.create
    made = await make(site, claim, found, name)
    now = site.store.get(_CLAIMS, claim["metadata"]["namespace"], claim["metadata"]["name"])
    writes.create(site.store, PERSISTENT_VOLUMES, "", _volume(now or claim, found, driver, name, made))
    site.tell(driver, _CLAIMS, claim, "ProvisioningSucceeded", f"Successfully provisioned volume {name}")


def _volume(claim: Object, storage_class: Object, driver: str, name: str, made: Object) -> Object:
    metadata = claim["metadata"]
    parameters = storage_class.get("parameters") or {}
    if secret := parameters.get(f"{_STAGE_SECRET}name"):
        namespace = parameters.get(f"{_STAGE_SECRET}namespace", metadata["namespace"])
        made["csi"]["nodeStageSecretRef"] = {"name": secret, "namespace": namespace}
    spec: Object = {
        **made,
        "accessModes": claim["spec"]["accessModes"],
        "claimRef": {
            "kind": "PersistentVolumeClaim",
            "apiVersion": "v1",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
        "persistentVolumeReclaimPolicy": storage_class["reclaimPolicy"],
        "storageClassName": storage_class["metadata"]["name"],
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
    }
    if storage_class.get("mountOptions"):
        spec["mountOptions"] = [*storage_class["mountOptions"]]
    annotations = {
        PROVISIONED_BY: driver,
        "volume.kubernetes.io/provisioner-deletion-secret-name": "",
        "volume.kubernetes.io/provisioner-deletion-secret-namespace": "",
    }
    return {"metadata": {"name": name, "annotations": annotations, "finalizers": [FINALIZER]}, "spec": spec}


def fail(site: Site, claim: Object, error: Exception) -> None:
    """Say why there is no volume."""
    said = f'failed to provision volume with StorageClass "{class_of(claim)}": {error}'
    site.tell(annotation(claim, PROVISIONER), _CLAIMS, claim, "ProvisioningFailed", said, warning=True)
