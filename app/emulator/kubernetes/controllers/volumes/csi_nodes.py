"""Which drivers each node has: what their registrars on the nodes write."""

from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.storage_classes import drivers_of_node
from app.emulator.kubernetes.store import Change, Store

RESOURCE = "csinodes.storage.k8s.io"


class CsiNodes:
    """Writes a CSINode for each node."""

    def __init__(self, store: Store, work: Work) -> None:
        self._store = store
        self._work = work
        work.on("nodes", self._hear)

    def resume(self) -> None:
        """Look at all nodes."""
        for node in self._store.list_("nodes"):
            self._work.add(self.sync, "", node["metadata"]["name"])

    def _hear(self, change: Change) -> None:
        if change.type != "MODIFIED":
            self._work.add(self.sync, "", change.object["metadata"]["name"])

    def sync(self, _: str, name: str) -> None:
        """Make what a node lacks, and remove what is left of one."""
        node, known = self._store.get("nodes", "", name), self._store.get(RESOURCE, "", name)
        if node is None and known is not None:
            self._store.delete(RESOURCE, "", name)
        elif node is not None and known is None:
            owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
            metadata = {"name": name, "ownerReferences": [owner]}
            self._store.create(RESOURCE, {"metadata": metadata, "spec": {"drivers": drivers_of_node(node)}})
