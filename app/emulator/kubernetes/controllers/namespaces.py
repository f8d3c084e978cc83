"""A namespace's account and authority when it begins, and the end of all in it when it goes."""

from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.kinds import BY_RESOURCE, KINDS
from app.emulator.kubernetes.removal import remove
from app.emulator.kubernetes.store import Change, Store

ROOT_CA = "kube-root-ca.crt"


class Namespaces:
    """The namespace controller."""

    def __init__(self, store: Store, work: Work, ca_pem: str) -> None:
        self._store = store
        self._work = work
        self._ca_pem = ca_pem
        work.on("namespaces", self._hear)
        for kind in KINDS:
            if kind.namespaced and kind.review is None:
                work.on(kind.resource, self._hear_content)

    def resume(self) -> None:
        """Take up what a stop interrupted."""
        for namespace in self._store.list_("namespaces"):
            if namespace["metadata"].get("deletionTimestamp"):
                self._work.add(self._empty, "", namespace["metadata"]["name"])

    def trust(self, ca_pem: str) -> None:
        """Publish another authority in every namespace."""
        self._ca_pem = ca_pem
        for root in self._store.list_("configmaps"):
            if root["metadata"]["name"] == ROOT_CA:
                self._store.replace("configmaps", {**root, "data": {"ca.crt": ca_pem}})

    def _hear(self, change: Change) -> None:
        metadata = change.object["metadata"]
        if change.type == "ADDED":
            self._fill(metadata["name"])
        elif change.type == "MODIFIED" and metadata.get("deletionTimestamp"):
            self._work.add(self._empty, "", metadata["name"])

    def _hear_content(self, change: Change) -> None:
        if change.type == "DELETED":
            name = change.object["metadata"]["namespace"]
            namespace = self._store.get("namespaces", "", name)
            if namespace is not None and namespace["metadata"].get("deletionTimestamp"):
                self._work.add(self._empty, "", name)

    def _fill(self, name: str) -> None:
        account = {"metadata": {"name": "default", "namespace": name}}
        root = {"metadata": {"name": ROOT_CA, "namespace": name}, "data": {"ca.crt": self._ca_pem}}
        for resource, document in (("serviceaccounts", account), ("configmaps", root)):
            if self._store.get(resource, name, document["metadata"]["name"]) is None:
                self._store.create(resource, document)

    def _empty(self, _: str, name: str) -> None:
        namespace = self._store.get("namespaces", "", name)
        if namespace is None or not namespace["metadata"].get("deletionTimestamp"):
            return
        left = False
        for resource in list(self._store.resources()):
            if not BY_RESOURCE[resource].namespaced:
                continue
            for document in self._store.list_(resource, name):
                left |= not remove(self._store, resource, document)
        # A removal above has queued this again; the namespace may be gone by then.
        if not left and not namespace["metadata"].get("finalizers") and self._store.get("namespaces", "", name):
            self._store.delete("namespaces", "", name)
