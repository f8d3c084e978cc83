"""What is left on each node: kept as pods come and go, so that nobody has to count them."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from app.emulator.kubernetes.controllers.owners import controller_of
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.quantities import number

_RESOURCES = ("cpu", "memory")
_DEFAULT_PODS = "110"


@dataclass(frozen=True)
class _Share:
    """What one pod takes of a node."""

    node: str
    owner: str
    amounts: tuple[tuple[str, float], ...]


class Room:
    """Requests and numbers of pods by node."""

    def __init__(self) -> None:
        self._shares: dict[str, _Share] = {}
        self._used: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._siblings: Counter[tuple[str, str]] = Counter()

    def note(self, pod: Object) -> None:
        """Count a pod as it is now."""
        uid, node = pod["metadata"]["uid"], at(pod, "spec.nodeName", "")
        if not node or at(pod, "status.phase") in {"Succeeded", "Failed"}:
            self.forget(pod)
        elif uid not in self._shares:  # requests never change, and no pod moves
            share = _Share(node, _owner(pod), (("pods", 1.0), *_requests(pod)))
            self._shares[uid] = share
            self._siblings[share.owner, node] += 1
            for resource, amount in share.amounts:
                self._used[node][resource] += amount

    def forget(self, pod: Object) -> None:
        """Count a pod no more."""
        share = self._shares.pop(pod["metadata"]["uid"], None)
        if share is not None:
            self._siblings[share.owner, share.node] -= 1
            for resource, amount in share.amounts:
                self._used[share.node][resource] -= amount

    def lacking(self, pod: Object, node: Object) -> str | None:
        """Return what a node has too little of for a pod, in the words of kube-scheduler; None where it has room."""
        used, allocatable = self._used[node["metadata"]["name"]], at(node, "status.allocatable", {})
        if used["pods"] + 1 > number(str(allocatable.get("pods", _DEFAULT_PODS))):
            return "Too many pods"
        for resource, amount in _requests(pod):
            if used[resource] + amount > number(str(allocatable.get(resource, "0"))):
                return f"Insufficient {resource}"
        return None

    def load(self, pod: Object, node: Object) -> tuple[bool, int, float, str]:
        """Order nodes: those of an owner's pods apart, and then evenly.

        A real scheduler knows no system of a pod that names none; here such pods go to Windows last, as their images
        would not start there.
        """
        name = node["metadata"]["name"]
        windows = at(node, "metadata.labels", {}).get("kubernetes.io/os") == "windows"
        return windows, self._siblings[_owner(pod), name], self._used[name]["pods"], name


def _owner(pod: Object) -> str:
    owner = controller_of(pod)
    return str(owner["uid"]) if owner else pod["metadata"]["uid"]


def _requests(pod: Object) -> Iterator[tuple[str, float]]:
    for container in pod["spec"].get("containers") or ():
        wanted = at(container, "resources.requests")
        for resource in _RESOURCES:
            if wanted and resource in wanted:
                yield resource, number(str(wanted[resource]))
