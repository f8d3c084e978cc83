"""A pod's volumes on its node: what the kubelet's volume manager does, and says where it cannot."""

import base64
import hashlib
from collections.abc import Callable, Iterator

from app.emulator.kubernetes.controllers.volumes import attachments, csi_nodes
from app.emulator.kubernetes.controllers.volumes.claims import claims_of, refers_to
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.mounting import Mount
from app.emulator.kubernetes.storage_classes import FILES
from app.emulator.kubernetes.store import Store

# The drivers of one cluster: a mount's refusal, or None.
Driver = Callable[[Mount], str | None]

_ROOTS = {"windows": "c:\\var\\lib\\kubelet", "linux": "/var/lib/kubelet"}
_CREDENTIALS = "kubernetes.io/csi: failed to find the secret {name} in the namespace {namespace} with error: "


class Volumes:
    """Mounts volumes for pods.

    A volume is staged once on a node, whatever the number of pods there: while one of them runs, a further pod gets
    the same mount, and no key is asked for again.
    """

    def __init__(self, store: Store, driver: Driver) -> None:
        self._store = store
        self._driver = driver

    def failures(self, pod: Object, node: Object) -> Iterator[str]:
        """Mount all volumes of a pod; yield for each that cannot be what the kubelet says, if anything."""
        for volume in at(pod, "spec.volumes") or ():
            failure = self._failure(pod, node, volume)
            if failure is not None:
                yield failure
        held = self._held_by(pod)
        if len(set(held)) < len(held):
            yield ""  # two volumes of one handle: the kubelet takes them for one, and waits for the other for ever

    def _failure(self, pod: Object, node: Object, volume: Object) -> str | None:
        name = volume["name"]
        if claim := at(volume, "persistentVolumeClaim.claimName"):
            return self._mount_claim(pod, node, claim)
        if "csi" in volume or "azureFile" in volume:
            why = self._mount_inline(pod, node, volume)
        else:
            why = self._missing_source(pod["metadata"]["namespace"], volume)
        return f'MountVolume.SetUp failed for volume "{name}" : {why}' if why else None

    def _missing_source(self, namespace: str, volume: Object) -> str | None:
        secret, config_map = volume.get("secret") or {}, volume.get("configMap") or {}
        for resource, said, name, optional in (
            ("secrets", "secret", secret.get("secretName"), secret.get("optional")),
            ("configmaps", "configmap", config_map.get("name"), config_map.get("optional")),
        ):
            if name and not optional and self._store.get(resource, namespace, name) is None:
                return f'{said} "{name}" not found'
        return None

    def _mount_claim(self, pod: Object, node: Object, name: str) -> str | None:
        claim = self._store.get("persistentvolumeclaims", pod["metadata"]["namespace"], name)
        volume = self._volume_of(claim)
        if claim is None or volume is None:
            return f'MountVolume.WaitForAttach failed for volume "{name}" : persistentvolumeclaim "{name}" not found'
        if self._is_staged(pod, node, volume):
            return None
        if not attachments.is_attached(self._store, volume, node["metadata"]["name"]):
            return ""  # the attacher says what keeps it
        source = csi_source(volume["spec"], volume["metadata"]["name"])
        why = self._stage(node, source, tuple(volume["spec"].get("mountOptions") or ())) if source else None
        return f'MountVolume.MountDevice failed for volume "{volume["metadata"]["name"]}" : {why}' if why else None

    def _volume_of(self, claim: Object | None) -> Object | None:
        volume = self._store.get("persistentvolumes", "", claim["spec"].get("volumeName", "")) if claim else None
        return volume if claim is not None and volume is not None and refers_to(volume, claim) else None

    def _is_staged(self, pod: Object, node: Object, volume: Object) -> bool:
        """Whether another pod that runs on this node has what this volume names."""
        wanted = _unique(volume)
        return any(
            other["metadata"]["uid"] != pod["metadata"]["uid"]
            and other["spec"].get("nodeName") == node["metadata"]["name"]
            and at(other, "status.phase") == "Running"
            and wanted in self._held_by(other)
            for other in self._store.list_("pods")
        )

    def _held_by(self, pod: Object) -> list[str]:
        namespace = pod["metadata"]["namespace"]
        claims = [self._store.get("persistentvolumeclaims", namespace, name) for name in claims_of(pod)]
        return [_unique(volume) for claim in claims if (volume := self._volume_of(claim)) is not None]

    def _stage(self, node: Object, source: Object, options: tuple[str, ...]) -> str | None:
        driver, handle = source["driver"], source["volumeHandle"]
        if not self._registered(node, driver):
            return (
                "kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: "
                f"driver name {driver} not found in the list of registered CSI drivers"
            )
        reference = source.get("nodeStageSecretRef")
        secrets = self._secret(reference) if reference else {}
        if isinstance(secrets, str):
            return secrets
        digest = hashlib.sha256(handle.encode()).hexdigest()
        path = _path(node, "plugins", "kubernetes.io", "csi", driver, digest, "globalmount")
        return self._driver(Mount(node, driver, handle, path, source.get("volumeAttributes") or {}, options, secrets))

    def _registered(self, node: Object, driver: str) -> bool:
        found = self._store.get(csi_nodes.RESOURCE, "", node["metadata"]["name"])
        return any(one["name"] == driver for one in at(found or {}, "spec.drivers", ()))

    def _secret(self, reference: Object) -> dict[str, str] | str:
        """What a Secret holds, or why it cannot be had."""
        namespace, name = reference["namespace"], reference["name"]
        secret = self._store.get("secrets", namespace, name)
        if secret is None:
            why = _CREDENTIALS.format(name=name, namespace=namespace) + f'secrets "{name}" not found'
            return f"fetching NodeStageSecretRef {namespace}/{name} failed: {why}"
        return {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}

    def _mount_inline(self, pod: Object, node: Object, volume: Object) -> str | None:
        metadata = pod["metadata"]
        csi = volume.get("csi") or {
            "driver": FILES,
            "volumeAttributes": {
                "secretName": volume["azureFile"]["secretName"],
                "shareName": volume["azureFile"]["shareName"],
            },
        }
        if not self._registered(node, csi["driver"]):
            return (
                f"kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name {csi['driver']} not found "
                "in the list of registered CSI drivers"
            )
        attributes = {
            **(csi.get("volumeAttributes") or {}),
            "csi.storage.k8s.io/pod.name": metadata["name"],
            "csi.storage.k8s.io/pod.namespace": metadata["namespace"],
            "csi.storage.k8s.io/ephemeral": "true",
        }
        options = tuple(filter(None, attributes.get("mountOptions", "").split(",")))
        digest = hashlib.sha256(f"{metadata['uid']}{volume['name']}".encode()).hexdigest()
        path = _path(node, "pods", metadata["uid"], "volumes", "kubernetes.io~csi", volume["name"], "mount")
        return self._driver(Mount(node, csi["driver"], f"csi-{digest}", path, attributes, options, {}))


def _unique(volume: Object) -> str:
    """What a node tells volumes apart by: driver and handle, not their names."""
    source = csi_source(volume["spec"], volume["metadata"]["name"])
    return f"{source['driver']}^{source['volumeHandle']}" if source else volume["metadata"]["name"]


def csi_source(spec: Object, name: str) -> Object | None:
    """A volume's source as a CSI driver knows it, the older form of Azure Files too; None for others."""
    if "csi" in spec:
        found: Object = spec["csi"]
        return found
    if "azureFile" not in spec:
        return None
    old = spec["azureFile"]
    namespace = old.get("secretNamespace") or at(spec, "claimRef.namespace", "default")
    account = old["secretName"].removeprefix("azure-storage-account-").removesuffix("-secret")
    return {
        "driver": FILES,
        "volumeHandle": f"#{account}#{old['shareName']}#{name}#{namespace}",
        "volumeAttributes": {"shareName": old["shareName"]},
        "nodeStageSecretRef": {"name": old["secretName"], "namespace": namespace},
    }


def _path(node: Object, *parts: str) -> str:
    system = (node["metadata"].get("labels") or {}).get("kubernetes.io/os", "linux")
    separator = "\\" if system == "windows" else "/"
    return separator.join((_ROOTS.get(system, _ROOTS["linux"]), *parts))
