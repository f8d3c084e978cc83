"""Kubernetes events about a Service, counted where one repeats itself."""

from dataclasses import dataclass

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.host import Store
from app.emulator.kubernetes.recorder import tell

SERVICE_CONTROLLER = "service-controller"
CLOUD_PROVIDER = "azure-cloud-provider"


@dataclass(frozen=True)
class Recorder:
    """Writes the events about one Service."""

    store: Store
    service: Object

    def normal(self, reason: str, message: str) -> None:
        """Say what happens."""
        self._record("Normal", reason, message, SERVICE_CONTROLLER)

    def warning(self, reason: str, message: str, *, component: str = CLOUD_PROVIDER) -> None:
        """Say what goes wrong."""
        self._record("Warning", reason, message, component)

    def _record(self, type_: str, reason: str, message: str, component: str) -> None:
        tell(self.store, "services", self.service, reason=reason, message=message, component=component, type_=type_)
