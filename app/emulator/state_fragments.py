"""The state file's large parts as JSON texts that are made again only where something changed."""

import json
from collections.abc import Sequence

from app.emulator.core import store
from app.emulator.core.store import Resource
from app.emulator.kubernetes.host import ClusterHost

REFRESHED_AT_ONCE = 20
"""Snapshots taken in one round: each takes about a millisecond of the event loop."""


class StateFragments:
    """Texts of resources, by revision, and of what each Kubernetes API holds, by round."""

    def __init__(self, host: ClusterHost) -> None:
        """Take snapshots from `host`."""
        self._host = host
        self._resources: dict[str, tuple[int, str]] = {}
        self._snapshots: dict[str, str] = {}
        self._next = 0

    def join(self, fixed: str, resources: Sequence[Resource], clusters: Sequence[Resource]) -> bytes:
        """The whole file: the object `fixed` with `resources` and `kubernetes` added."""
        kept: dict[str, tuple[int, str]] = {}
        for resource in resources:
            known = self._resources.get(resource.key)
            if known is None or known[0] != resource.revision:
                known = (resource.revision, json.dumps(store.dump(resource), separators=(",", ":")))
            kept[resource.key] = known
        self._resources = kept
        for cluster in clusters:
            if cluster.key not in self._snapshots:
                self._snapshots[cluster.key] = self._snapshot(cluster.key)
        alive = {cluster.key for cluster in clusters}
        self._snapshots = {key: text for key, text in self._snapshots.items() if key in alive}
        listed = ",".join(text for _, text in kept.values())
        mapped = ",".join(f"{json.dumps(key)}:{text}" for key, text in self._snapshots.items())
        return f'{fixed[:-1]},"resources":[{listed}],"kubernetes":{{{mapped}}}}}'.encode()

    def refresh_some(self, clusters: Sequence[Resource]) -> bool:
        """Look at the next few Kubernetes APIs; whether any holds something new."""
        changed = False
        for cluster in clusters[self._next : self._next + REFRESHED_AT_ONCE]:
            text = self._snapshot(cluster.key)
            changed |= self._snapshots.get(cluster.key) != text
            self._snapshots[cluster.key] = text
        self._next = 0 if self._next + REFRESHED_AT_ONCE >= len(clusters) else self._next + REFRESHED_AT_ONCE
        return changed

    def forget_snapshots(self) -> None:
        """Take all of them again with the next save."""
        self._snapshots.clear()

    def _snapshot(self, key: str) -> str:
        return self._host.snapshot(key)
