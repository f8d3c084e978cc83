"""What a cluster does by itself: a namespace's accounts and its end, and objects whose owner is gone."""

import asyncio

from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.store import Change, Store

ROOT_CA = "kube-root-ca.crt"


class Controllers:
    """Acts after each write, in a later turn of the event loop, so that watchers see every state."""

    def __init__(self, store: Store, ca_pem: str) -> None:
        self._store = store
        self._ca_pem = ca_pem
        store.observe(self._observe)

    def resume(self) -> None:
        """Take up what a stop interrupted."""
        for namespace in self._store.list_("namespaces"):
            if namespace["metadata"].get("deletionTimestamp"):
                self._empty_namespace(namespace["metadata"]["name"])

    def _observe(self, change: Change) -> None:
        loop = asyncio.get_running_loop()
        metadata = change.object["metadata"]
        if change.resource == "namespaces":
            if change.type == "ADDED":
                self._fill_namespace(metadata["name"])
            elif change.type == "MODIFIED" and metadata.get("deletionTimestamp"):
                loop.call_soon(self._empty_namespace, metadata["name"])
        if change.type == "DELETED":
            if namespace := metadata.get("namespace"):
                loop.call_soon(self._empty_namespace, namespace)
            loop.call_soon(self._collect, metadata["uid"])

    def _fill_namespace(self, name: str) -> None:
        account = {"metadata": {"name": "default", "namespace": name}}
        root = {"metadata": {"name": ROOT_CA, "namespace": name}, "data": {"ca.crt": self._ca_pem}}
        for resource, document in (("serviceaccounts", account), ("configmaps", root)):
            if self._store.get(resource, name, document["metadata"]["name"]) is None:
                self._store.create(resource, document)

    def _empty_namespace(self, name: str) -> None:
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
        finalizers = namespace["metadata"].get("finalizers")
        if not left and not finalizers and self._store.get("namespaces", "", name):
            self._store.delete("namespaces", "", name)

    def _collect(self, owner: str) -> None:
        for resource in list(self._store.resources()):
            for document in self._store.list_(resource):
                owners = document["metadata"].get("ownerReferences") or []
                if any(reference["uid"] == owner for reference in owners):
                    self._disown(resource, document, owner)

    def _disown(self, resource: str, document: Object, owner: str) -> None:
        rest = [entry for entry in document["metadata"]["ownerReferences"] if entry["uid"] != owner]
        if rest:
            metadata = {**document["metadata"], "ownerReferences": rest}
            self._store.replace(resource, {**document, "metadata": metadata})
        else:
            remove(self._store, resource, document)


def remove(store: Store, resource: str, document: Object) -> bool:
    """Delete an object, or only mark it while finalizers hold it; say whether it is gone."""
    metadata = document["metadata"]
    if not metadata.get("finalizers"):
        store.delete(resource, at(document, "metadata.namespace", ""), metadata["name"])
        return True
    if not metadata.get("deletionTimestamp"):
        marked = {
            **metadata,
            "deletionTimestamp": timestamp(store.now()),
            "deletionGracePeriodSeconds": 0,
        }
        store.replace(resource, {**document, "metadata": marked})
    return False
