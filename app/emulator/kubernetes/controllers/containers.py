"""What a pod's status says of its containers, none of which runs."""

import hashlib

from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.specs import Held


def container_status(pod: Object, container: Object) -> Object:
    """What is said of a container whatever its state."""
    image = container.get("image", "")
    before = [one for one in at(pod, "status.containerStatuses", ()) if one["name"] == container["name"]]
    unique = f"{pod['metadata']['uid']}/{container['name']}"
    return {
        "name": container["name"],
        "image": image,
        "imageID": f"{image.partition('@')[0]}@sha256:{hashlib.sha256(image.encode()).hexdigest()}",
        "containerID": f"containerd://{hashlib.sha256(unique.encode()).hexdigest()}",
        "restartCount": before[0]["restartCount"] if before else 0,
        "lastState": before[0]["lastState"] if before else {},
    }


def running(pod: Object, container: Object, now: str) -> Object:
    """A container that runs."""
    return {
        **container_status(pod, container),
        "ready": True,
        "started": True,
        "state": {"running": {"startedAt": at(pod, "status.startTime") or now}},
    }


def ended(pod: Object, container: Object, held: Held, now: str) -> Object:
    """A container that ends as soon as it starts."""
    before = [one for one in at(pod, "status.containerStatuses", ()) if one["name"] == container["name"]]
    restarts = before[0]["restartCount"] + 1 if before else 0
    ended = {"exitCode": 1, "reason": "Error", "message": held.message, "startedAt": now, "finishedAt": now}
    name, metadata = container["name"], pod["metadata"]
    message = f"back-off 5m0s restarting failed container={name} pod={metadata['name']}_{metadata['namespace']}"
    return {
        **container_status(pod, container),
        "restartCount": restarts,
        "ready": False,
        "started": False,
        "state": {"waiting": {"reason": held.reason, "message": message}},
        "lastState": {"terminated": ended},
    }


def completed(pod: Object, container: Object, now: str) -> Object:
    """A container of `initContainers` that is done."""
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
    return {**container_status(pod, container), "ready": True, "started": False, "state": {"terminated": ended}}


def creating(container: Object) -> Object:
    """A container that waits for its pod's volumes."""
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": "",
        "restartCount": 0,
        "ready": False,
        "started": False,
        "state": {"waiting": {"reason": "ContainerCreating"}},
        "lastState": {},
    }
