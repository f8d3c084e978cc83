"""Conditions: what is true of an object, and since when."""

from app.emulator.kubernetes.documents import Object, at


def conditions_with(status: Object, now: str, **states: bool) -> list[Object]:
    """Return a pod status's conditions with some of them set; one that stays as it was keeps its time and reason."""
    found = {condition["type"]: dict(condition) for condition in status.get("conditions") or ()}
    for type_, state in states.items():
        before = found.get(type_)
        if before is None or before["status"] != str(state):
            fresh = {"type": type_, "status": str(state), "lastProbeTime": None, "lastTransitionTime": now}
            found[type_] = fresh
    return list(found.values())


def condition(status: Object, new: Object, now: str) -> list[Object]:
    """Return conditions with one more (`type`, `status`, `reason`, `message`); its transition is now if it changed."""
    kept = [entry for entry in status.get("conditions") or () if entry["type"] != new["type"]]
    before = next((entry for entry in status.get("conditions") or () if entry["type"] == new["type"]), None)
    same = before is not None and all(before.get(key) == value for key, value in new.items())
    if before is not None and same:
        return [*kept, before]
    since = before["lastTransitionTime"] if before and before["status"] == new["status"] else now
    return [*kept, {**new, "lastUpdateTime": now, "lastTransitionTime": since}]


def is_true(document: Object, type_: str) -> bool:
    """Say whether a condition of an object's status holds."""
    found = at(document, "status.conditions") or ()
    return any(entry["type"] == type_ and entry["status"] == "True" for entry in found)


def is_ready(pod: Object) -> bool:
    """Say whether a pod is ready and stays."""
    return is_true(pod, "Ready") and not pod["metadata"].get("deletionTimestamp")


def is_active(pod: Object) -> bool:
    """Say whether a pod counts: it is neither going nor done."""
    return not pod["metadata"].get("deletionTimestamp") and at(pod, "status.phase") not in {"Succeeded", "Failed"}
