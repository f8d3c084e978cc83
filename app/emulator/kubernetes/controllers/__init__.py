"""What a cluster does by itself: controllers, scheduler and kubelets, as far as clients see them."""

from collections.abc import Callable

from app.emulator.kubernetes.controllers.budgets import Budgets
from app.emulator.kubernetes.controllers.daemon_sets import DaemonSets
from app.emulator.kubernetes.controllers.deployments import Deployments
from app.emulator.kubernetes.controllers.endpoints import Endpoints
from app.emulator.kubernetes.controllers.kubelet import Kubelet
from app.emulator.kubernetes.controllers.mounts import Driver, Volumes
from app.emulator.kubernetes.controllers.namespaces import Namespaces
from app.emulator.kubernetes.controllers.owners import Owners
from app.emulator.kubernetes.controllers.replica_sets import ReplicaSets
from app.emulator.kubernetes.controllers.scheduler import Scheduler
from app.emulator.kubernetes.controllers.stateful_sets import StatefulSets
from app.emulator.kubernetes.controllers.volumes.attachments import Attachments
from app.emulator.kubernetes.controllers.volumes.binder import Binder
from app.emulator.kubernetes.controllers.volumes.csi_nodes import CsiNodes
from app.emulator.kubernetes.controllers.volumes.protection import Protection
from app.emulator.kubernetes.controllers.work import Plan, Work
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.specs import Held
from app.emulator.kubernetes.store import Store

__all__ = ["Controllers", "Driver", "Plan"]


class Controllers:
    """All controllers of one cluster. They act after each write, in later turns of the event loop."""

    def __init__(self, store: Store, ca_pem: str, plan: Plan, driver: Driver) -> None:
        self.work = Work(store)
        recorder = self.recorder = Recorder(store)
        owners = Owners(store, self.work)
        self._kubelet = Kubelet(store, self.work, recorder, plan, Volumes(store, driver))
        self._namespaces = Namespaces(store, self.work, ca_pem)
        self._all = (
            self._namespaces,
            recorder,
            Deployments(store, self.work, owners, recorder),
            ReplicaSets(store, self.work, owners, recorder),
            DaemonSets(store, self.work, owners, recorder),
            StatefulSets(store, self.work, owners, recorder),
            Scheduler(store, self.work, recorder),
            Binder(store, self.work, recorder),
            Protection(store, self.work),
            CsiNodes(store, self.work),
            Attachments(store, self.work, recorder),
            self._kubelet,
            Endpoints(store, self.work),
            Budgets(store, self.work),
        )

    def hold_pods_by(self, hold: Callable[[Object], Held | None]) -> None:
        """Ask `hold` of every pod that is about to start why it does not."""
        self._kubelet.hold = hold

    def trust(self, ca_pem: str) -> None:
        """Tell every namespace of another authority."""
        self._namespaces.trust(ca_pem)

    def resume(self) -> None:
        """Take up what a stop interrupted."""
        for controller in self._all:
            controller.resume()
