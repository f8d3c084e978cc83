"""Kubernetes events about a Service, counted where one repeats itself."""

import hashlib
from dataclasses import dataclass

from app.emulator.kubernetes.documents import Object, timestamp
from app.emulator.kubernetes.host import Store
from app.emulator.kubernetes.recorder import new_event

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
        metadata, now = self.service["metadata"], timestamp(self.store.now())
        namespace = metadata["namespace"]
        said = "\n".join((metadata["uid"], component, type_, reason, message))
        name = f"{metadata['name']}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"
        known = self.store.get("events", namespace, name)
        if known is not None:
            self.store.replace("events", {**known, "count": known["count"] + 1, "lastTimestamp": now})
            return
        involved = {
            "kind": "Service",
            "namespace": namespace,
            "name": metadata["name"],
            "uid": metadata["uid"],
            "apiVersion": "v1",
            "resourceVersion": metadata["resourceVersion"],
        }
        event = new_event(
            name, namespace, involved, reason=reason, message=message, component=component, type_=type_, now=now
        )
        self.store.create("events", event)
