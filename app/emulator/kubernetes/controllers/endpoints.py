"""Endpoints and endpoint slices of services that have a selector: the pods that match it, ready or not."""

from collections.abc import Iterator

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.controllers.conditions import is_ready
from app.emulator.kubernetes.controllers.owners import owner_reference
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.selectors import includes
from app.emulator.kubernetes.store import Change, Store

_ENDPOINTS, _SLICES = "endpoints", "endpointslices.discovery.k8s.io"
_SLICE_SIZE = 100  # endpoints in a slice, kube-controller-manager's default


class Endpoints:
    """The endpoint and endpoint slice controllers."""

    def __init__(self, store: Store, work: Work) -> None:
        self._store = store
        self._work = work
        work.on("services", self._hear)
        work.on("pods", self._hear_pod)

    def resume(self) -> None:
        """Look at all services."""
        for service in self._store.list_("services"):
            self._work.add(self.sync, service["metadata"]["namespace"], service["metadata"]["name"])

    def _hear(self, change: Change) -> None:
        self._work.add(self.sync, change.object["metadata"]["namespace"], change.object["metadata"]["name"])

    def _hear_pod(self, change: Change) -> None:
        if (
            change.previous is not None
            and change.type == "MODIFIED"
            and _shown(change.previous) == _shown(change.object)
        ):
            return
        labels = [one["metadata"].get("labels") or {} for one in (change.object, change.previous) if one]
        namespace = change.object["metadata"]["namespace"]
        for service in self._store.list_("services", namespace):
            selector = service["spec"].get("selector")
            if selector and any(includes(one, selector) for one in labels):
                self._work.add(self.sync, namespace, service["metadata"]["name"])

    def sync(self, namespace: str, name: str) -> None:
        """Make a service's endpoints what its pods are."""
        service = self._store.get("services", namespace, name)
        if service is None:
            if self._store.get(_ENDPOINTS, namespace, name):
                self._store.delete(_ENDPOINTS, namespace, name)
            return  # the slices go with their owner
        selector = service["spec"].get("selector")
        if not selector or service["spec"]["type"] == "ExternalName" or service["metadata"].get("deletionTimestamp"):
            return
        pods = [
            pod
            for pod in self._store.list_("pods", namespace)
            if at(pod, "status.podIP") and includes(pod["metadata"].get("labels") or {}, selector)
        ]
        self._put_endpoints(service, pods)
        self._put_slices(service, pods)

    def _put_endpoints(self, service: Object, pods: list[Object]) -> None:
        metadata = service["metadata"]
        labels = {**(metadata.get("labels") or {}), "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
        wanted = {
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels},
            "subsets": list(_subsets(service, pods)),
        }
        self._put(_ENDPOINTS, wanted)

    def _put_slices(self, service: Object, pods: list[Object]) -> None:
        metadata = service["metadata"]
        own = {
            "kubernetes.io/service-name": metadata["name"],
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        }
        pages = [pods[start : start + _SLICE_SIZE] for start in range(0, len(pods), _SLICE_SIZE)] or [[]]
        names = [f"{metadata['name']}-{metadata['uid'][:5]}{page or ''}" for page in range(len(pages))]
        for name, page in zip(names, pages, strict=True):
            wanted = {
                "metadata": {
                    "name": name,
                    "namespace": metadata["namespace"],
                    "labels": {**(metadata.get("labels") or {}), **own},
                    "ownerReferences": [owner_reference("v1", "Service", service)],
                },
                "addressType": "IPv4",
                "endpoints": [self._endpoint(pod) for pod in page],
                "ports": [
                    {"name": port.get("name", ""), "port": target, "protocol": port["protocol"]}
                    for port in service["spec"].get("ports") or ()
                    if (target := _target(port, page)) is not None
                ],
            }
            self._put(_SLICES, wanted)
        for found in self._store.list_(_SLICES, metadata["namespace"]):
            labels = found["metadata"].get("labels") or {}
            if includes(labels, own) and found["metadata"]["name"] not in names:
                self._store.delete(_SLICES, metadata["namespace"], found["metadata"]["name"])

    def _endpoint(self, pod: Object) -> Object:
        going = bool(pod["metadata"].get("deletionTimestamp"))
        ready = is_ready(pod)
        node = self._store.get("nodes", "", at(pod, "spec.nodeName", "")) or {}
        zone = at(node, "metadata.labels", {}).get("topology.kubernetes.io/zone")
        found = {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": ready, "serving": ready or going, "terminating": going},
            "nodeName": at(pod, "spec.nodeName"),
            "targetRef": _reference(pod),
            "zone": zone,
        }
        return {key: value for key, value in found.items() if value is not None}

    def _put(self, resource: str, wanted: Object) -> None:
        metadata = wanted["metadata"]
        previous = self._store.get(resource, metadata["namespace"], metadata["name"])
        if previous is None:
            namespace = self._store.get("namespaces", "", metadata["namespace"])
            if namespace is not None and not namespace["metadata"].get("deletionTimestamp"):
                writes.create(self._store, BY_RESOURCE[resource], metadata["namespace"], wanted)
        else:
            merged = {**previous["metadata"], **metadata}
            self._store.replace(resource, {**previous, **wanted, "metadata": merged})


def _shown(pod: Object) -> tuple[object, ...]:
    metadata = pod["metadata"]
    return metadata.get("labels"), at(pod, "status.podIP"), is_ready(pod), metadata.get("deletionTimestamp")


def _reference(pod: Object) -> Object:
    metadata = pod["metadata"]
    return {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}


def _subsets(service: Object, pods: list[Object]) -> Iterator[Object]:
    staying = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    ports = [
        {
            key: value
            for key, value in (("name", port.get("name")), ("port", target), ("protocol", port["protocol"]))
            if value
        }
        for port in service["spec"].get("ports") or ()
        if (target := _target(port, staying)) is not None
    ]
    said: Object = {}
    for name, ready in (("addresses", True), ("notReadyAddresses", False)):
        found = [
            {"ip": pod["status"]["podIP"], "nodeName": at(pod, "spec.nodeName"), "targetRef": _reference(pod)}
            for pod in staying
            if is_ready(pod) == ready
        ]
        if found:
            said[name] = found
    if said:
        yield {**said, "ports": ports} if ports else said


def _target(port: Object, pods: list[Object]) -> int | None:
    """Return the pods' port behind a service's: a number, or the container port of that name."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    for pod in pods:
        for container in pod["spec"]["containers"]:
            for one in container.get("ports") or ():
                if one.get("name") == target:
                    number: int = one["containerPort"]
                    return number
    return None
