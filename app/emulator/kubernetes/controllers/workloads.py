"""What the controllers of workloads have in common: they look at each object of a kind after every change of it."""

from abc import ABC, abstractmethod
from typing import ClassVar

from app.emulator.kubernetes.controllers.owners import Owners, controller_of
from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.store import Change, Store


class WorkloadController(ABC):
    """Brings the cluster to what the objects of one kind want."""

    resource: ClassVar[str]
    kind: ClassVar[str]

    def __init__(self, store: Store, work: Work, owners: Owners, recorder: Recorder) -> None:
        self._store = store
        self._work = work
        self._owners = owners
        self._recorder = recorder
        work.on(self.resource, self._hear)
        work.on("pods", self._hear_pod)

    def resume(self) -> None:
        """Look at all."""
        for document in self._store.list_(self.resource):
            self._work.add(self.sync, document["metadata"]["namespace"], document["metadata"]["name"])

    @abstractmethod
    def sync(self, namespace: str, name: str) -> None:
        """Take a step towards what an object wants, and tell how it stands."""

    def _hear(self, change: Change) -> None:
        if change.type != "DELETED":
            self._work.add(self.sync, change.object["metadata"]["namespace"], change.object["metadata"]["name"])

    def _hear_pod(self, change: Change) -> None:
        self._hear_dependent(change)

    def _hear_dependent(self, change: Change) -> None:
        owner = controller_of(change.object)
        if owner and owner["kind"] == self.kind:
            self._work.add(self.sync, change.object["metadata"]["namespace"], owner["name"])
