"""The control interface of a local Azure in another process (`/_local/`)."""

import json
import time
import urllib.request
from collections.abc import Mapping
from typing import Any


class AzureControl:
    """Looks into it and makes it misbehave; blocks, but for milliseconds."""

    def __init__(self, url: str) -> None:
        self._url = url

    def log(self, **filters: str) -> list[dict[str, Any]]:
        """Azure's own log of requests, oldest first."""
        query = "&".join(f"{name}={value}" for name, value in {"limit": "20000", **filters}.items())
        found: list[dict[str, Any]] = self._ask(f"/_local/requests?{query}")["requests"]
        return found

    def puts(self) -> list[dict[str, Any]]:
        """The PUTs of clusters that Azure took."""
        log = self.log(operation="ManagedClusters_CreateOrUpdate")
        return [entry for entry in log if entry["effect"] is not None]

    def state(self) -> dict[str, Any]:
        """All that it holds."""
        found: dict[str, Any] = self._ask("/_local/state")
        return found

    def leftovers(self) -> list[str]:
        """Ids of all that lies in a resource group, and of the groups."""
        ids = (str(entry["id"]).lower() for entry in self.state()["resources"])
        return [found for found in ids if "/resourcegroups/" in found]

    def add_fault(self, kind: str, **fields: Any) -> int:
        """Put a fault in force; return its id."""
        return int(self._ask("/_local/faults", {"kind": kind, **fields})["id"])

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, spent ones too."""
        found: list[dict[str, Any]] = self._ask("/_local/faults")["faults"]
        return found

    def lift_fault(self, fault_id: int) -> None:
        self._ask(f"/_local/faults/{fault_id}", method="DELETE")

    def release_image(self, release: str) -> None:
        """Bring out a newer image of nodes: `209902.04.0`."""
        self._ask("/_local/acts/node-image", {"release": release})

    def set_speed(self, speed: float) -> None:
        """Divide every duration by this from now on; what runs is stretched."""
        self._ask("/_local/speed", {"speed": speed}, method="PUT")

    def reset(self) -> None:
        """Forget everything."""
        self._ask("/_local/reset", {})

    def register(self, namespace: str, about: Mapping[str, Any]) -> None:
        """Register a resource provider, as a person would beforehand (`about`: what `slipway azure` printed)."""
        self._turn(namespace, about, "register", "Registered")

    def unregister(self, namespace: str, about: Mapping[str, Any]) -> None:
        """As a subscription is in which nobody has used it."""
        self._turn(namespace, about, "unregister", "NotRegistered")

    def _turn(self, namespace: str, about: Mapping[str, Any], action: str, becomes: str) -> None:
        audience = "https://management.azure.com"
        identity = {"X-IDENTITY-HEADER": about["environment"]["IDENTITY_HEADER"]}
        token = self._ask(f"/msi/token?resource={audience}&api-version=2019-08-01", headers=identity)["access_token"]
        path = f"/subscriptions/{about['subscription_id']}/providers/{namespace}"
        self._ask(f"{path}/{action}?api-version=2022-09-01", {}, headers={"Authorization": f"Bearer {token}"})
        while becomes not in self.state()["registrations"].values():
            time.sleep(0.01)

    def _ask(
        self, path: str, body: Any = None, method: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self._url + path, data, headers, method=method)  # noqa: S310 - our own loopback URL
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            return json.loads(answer.read() or b"null")
