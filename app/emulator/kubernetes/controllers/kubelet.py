"""What the nodes do with pods: start them, tell how they are, end them. No containers run: they are said to."""

from collections.abc import Callable

from app.emulator.kubernetes.controllers.conditions import conditions_with, is_true
from app.emulator.kubernetes.controllers.containers import completed, creating, ended, running
from app.emulator.kubernetes.controllers.mounts import Volumes
from app.emulator.kubernetes.controllers.work import Plan, Work
from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.specs import Held
from app.emulator.kubernetes.store import Change, Store

STARTING_SECONDS = 3.0  # from a bound pod to a ready one, of a real cluster's time: an image that is pulled quickly
ENDING_SECONDS = 1.0
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.5, 122.0  # of a volume that cannot be mounted
_TIMED_OUT_AFTER = 8  # failures, which take two minutes: then the kubelet sums up what it waits for
RETRY_SECONDS = 60.0  # from one start of a container that ends at once to the next
SYSTEM = "kube-system"


class Kubelet:
    """The kubelets of all nodes."""

    def __init__(self, store: Store, work: Work, recorder: Recorder, plan: Plan, volumes: Volumes) -> None:
        self._store = store
        self._volumes = volumes
        self._failures: dict[str, int] = {}
        self._work = work
        self._recorder = recorder
        self._plan = plan
        self._planned: set[tuple[str, str]] = set()
        self.hold: Callable[[Object], Held | None] = lambda _pod: None
        """Says why a pod that is about to start does not."""
        work.on("pods", self._hear)
        work.on("nodes", self._hear_node)

    def resume(self) -> None:
        """Take up all pods, whose plans a stop has ended."""
        self._planned.clear()
        for pod in self._store.list_("pods"):
            self._work.add(self.look, pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _hear(self, change: Change) -> None:
        if change.type != "DELETED":
            metadata = change.object["metadata"]
            self._work.add(self.look, metadata["namespace"], metadata["name"])
        else:
            uid = change.object["metadata"]["uid"]
            self._planned -= {(uid, "start"), (uid, "end"), (uid, "retry")}
            self._failures.pop(uid, None)

    def _hear_node(self, change: Change) -> None:
        if change.previous is None or is_true(change.previous, "Ready") != is_true(change.object, "Ready"):
            name = change.object["metadata"]["name"]
            for pod in self._store.list_("pods"):
                if at(pod, "spec.nodeName") == name:
                    self._work.add(self.look, pod["metadata"]["namespace"], pod["metadata"]["name"])

    def look(self, namespace: str, name: str) -> None:
        """Do what is due for a pod, or plan it."""
        pod = self._store.get("pods", namespace, name)
        if pod is None or not at(pod, "spec.nodeName"):
            return
        node = self._store.get("nodes", "", pod["spec"]["nodeName"])
        if pod["metadata"].get("deletionTimestamp"):
            seconds = min(ENDING_SECONDS, float(pod["metadata"].get("deletionGracePeriodSeconds", 0)))
            self._later(pod, "end", 0.0 if node is None else seconds, self._end)
        elif node is None:
            return
        elif not is_true(node, "Ready"):
            if is_true(pod, "Ready"):
                self._say_not_ready(pod)
        elif pod["status"].get("phase") == "Pending":
            self._later(pod, "start", self._seconds_to_start(pod), self._start)
        elif self._may_run(pod):
            self._run(pod, node)

    def _may_run(self, pod: Object) -> bool:
        waits = (pod["metadata"]["uid"], "retry") in self._planned
        return pod["status"].get("phase") == "Running" and not is_true(pod, "Ready") and not waits

    def _seconds_to_start(self, pod: Object) -> float:
        if failures := self._failures.get(pod["metadata"]["uid"]):
            return min(FIRST_RETRY_SECONDS * 2.0 ** (failures - 1), LAST_RETRY_SECONDS)
        return 0.0 if pod["metadata"]["namespace"] == SYSTEM else STARTING_SECONDS

    def _later(self, pod: Object, what: str, seconds: float, act: Callable[[str, str], None]) -> None:
        metadata = pod["metadata"]
        if seconds == 0:
            act(metadata["namespace"], metadata["name"])
            return
        key = (metadata["uid"], what)
        if key in self._planned:
            return
        self._planned.add(key)

        def due() -> None:
            self._planned.discard(key)
            now = self._store.get("pods", metadata["namespace"], metadata["name"])
            if now is not None and now["metadata"]["uid"] == metadata["uid"]:
                act(metadata["namespace"], metadata["name"])

        self._plan(key, seconds, due)

    def _start(self, namespace: str, name: str) -> None:
        pod = self._store.get("pods", namespace, name)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            return
        node = self._store.get("nodes", "", at(pod, "spec.nodeName", ""))
        if node is None or not is_true(node, "Ready"):
            return
        # A pod that was running has its volumes, whatever its containers do.
        is_new = pod["status"].get("phase") == "Pending"
        if is_new and (failures := list(self._volumes.failures(pod, node))):
            self._wait(pod, node, failures)
        elif self._run(pod, node):
            self._failures.pop(pod["metadata"]["uid"], None)
            for container in pod["spec"]["containers"] if namespace != SYSTEM else ():
                self._tell_container(pod, container)

    def _wait(self, pod: Object, node: Object, failures: list[str]) -> None:
        """Say which volumes cannot be mounted, and plan to try again."""
        uid = pod["metadata"]["uid"]
        self._failures[uid] = self._failures.get(uid, 0) + 1
        if self._failures[uid] > _TIMED_OUT_AFTER:
            names = ", ".join(volume["name"] for volume in pod["spec"]["volumes"])
            unmounted = f"Unable to attach or mount volumes: unmounted volumes=[{names}]"
            failures.append(
                f"{unmounted}, unattached volumes=[], failed to process volumes=[]: context deadline exceeded"
            )
        for message in filter(None, failures):
            self._recorder.record(
                "pods", pod, reason="FailedMount", message=message, component="kubelet", type_="Warning"
            )
        self._store.replace("pods", {**pod, "status": self._creating(pod, node)})
        self._work.add(self.look, pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _creating(self, pod: Object, node: Object) -> Object:
        now, host = timestamp(self._store.now()), _internal_ip(node)
        names = " ".join(container["name"] for container in pod["spec"]["containers"])
        states = {"PodReadyToStartContainers": False, "Initialized": True, "Ready": False, "ContainersReady": False}
        conditions = conditions_with(pod["status"], now, **states)
        for condition in conditions:
            if condition["type"] in {"Ready", "ContainersReady"}:
                condition |= {"reason": "ContainersNotReady", "message": f"containers with unready status: [{names}]"}
        return {
            **pod["status"],
            "conditions": conditions,
            "hostIP": host,
            "hostIPs": [{"ip": host}],
            "startTime": at(pod, "status.startTime") or now,
            "containerStatuses": [creating(container) for container in pod["spec"]["containers"]],
        }

    def _tell_container(self, pod: Object, container: Object) -> None:
        image, name = container.get("image", ""), container["name"]
        for reason, message in (
            ("Pulled", f'Container image "{image}" already present on machine'),
            ("Created", f"Created container: {name}"),
            ("Started", f"Started container {name}"),
        ):
            self._recorder.record("pods", pod, reason=reason, message=message, component="kubelet")

    def _run(self, pod: Object, node: Object) -> bool:
        held = self.hold(pod)
        if held is not None:
            self._say_held(pod, node, held)
            return False
        now = timestamp(self._store.now())
        host = _internal_ip(node)
        address = host if at(pod, "spec.hostNetwork") else at(pod, "status.podIP") or self._address()
        every = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
        status = {
            **pod["status"],
            "phase": "Running",
            "conditions": conditions_with(pod["status"], now, **dict.fromkeys(every, True)),
            "hostIP": host,
            "hostIPs": [{"ip": host}],
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": at(pod, "status.startTime") or now,
            "containerStatuses": [running(pod, container, now) for container in pod["spec"]["containers"]],
        }
        if pod["spec"].get("initContainers"):
            done = [completed(pod, container, now) for container in pod["spec"]["initContainers"]]
            status["initContainerStatuses"] = done
        self._store.replace("pods", {**pod, "status": status})
        return True

    def _say_held(self, pod: Object, node: Object, held: Held) -> None:
        """Tell of containers that end as soon as they start, and start them again after a while."""
        now, metadata, host = timestamp(self._store.now()), pod["metadata"], _internal_ip(node)
        states = {"PodReadyToStartContainers": True, "Initialized": True, "Ready": False, "ContainersReady": False}
        status = {
            **pod["status"],
            "phase": "Running",
            "conditions": conditions_with(pod["status"], now, **states, PodScheduled=True),
            "hostIP": host,
            "hostIPs": [{"ip": host}],
            "startTime": at(pod, "status.startTime") or now,
            "containerStatuses": [ended(pod, container, held, now) for container in pod["spec"]["containers"]],
        }
        self._later(pod, "retry", RETRY_SECONDS, self._start)
        self._store.replace("pods", {**pod, "status": status})
        for container in pod["spec"]["containers"]:
            named = f"{container['name']} in pod {metadata['name']}_{metadata['namespace']}({metadata['uid']})"
            message = f"Back-off restarting failed container {named}"
            self._recorder.record("pods", pod, reason="BackOff", message=message, component="kubelet", type_="Warning")

    def _address(self) -> str:
        """Return a free address of AKS's pod network, 10.244.0.0/16."""
        taken = {at(pod, "status.podIP") for pod in self._store.list_("pods")}
        return next(
            address
            for number in range(10, 1 << 16)
            if (address := f"10.244.{number >> 8}.{number & 255}") not in taken and number & 255 not in {0, 255}
        )

    def _say_not_ready(self, pod: Object) -> None:
        now = timestamp(self._store.now())
        status = {**pod["status"], "conditions": conditions_with(pod["status"], now, Ready=False)}
        self._store.replace("pods", {**pod, "status": status})

    def _end(self, namespace: str, name: str) -> None:
        pod = self._store.get("pods", namespace, name)
        if pod is None or not pod["metadata"].get("deletionTimestamp"):
            return
        if not pod["metadata"].get("finalizers"):
            self._store.delete("pods", namespace, name)
        elif pod["metadata"].get("deletionGracePeriodSeconds"):
            # From here on only the finalizers hold it.
            self._store.replace("pods", {**pod, "metadata": {**pod["metadata"], "deletionGracePeriodSeconds": 0}})


def _internal_ip(node: Object) -> str:
    found = [entry["address"] for entry in at(node, "status.addresses", ()) if entry["type"] == "InternalIP"]
    return str(found[0]) if found else ""
