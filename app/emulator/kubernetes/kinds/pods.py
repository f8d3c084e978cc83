"""Pods: defaults, rules, columns. No containers run; `controllers` moves a pod through its life."""

import copy
from collections.abc import Iterator
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, Subresource, field_cell
from app.emulator.kubernetes.kinds.pod_defaults import pod_causes, set_pod_defaults
from app.emulator.kubernetes.status import Cause

_STREAMS = ("create", "get")
_TOLERATED_SECONDS = 300  # how long a pod stays on a node that is not ready, where nothing else is said
_PRIORITIES = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}


def _prepare(document: Object, previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    set_pod_defaults(spec)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    if previous is None:
        spec.setdefault("serviceAccountName", "default")
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
        spec["priority"] = _PRIORITIES.get(spec.get("priorityClassName", ""), spec.get("priority", 0))
        spec["tolerations"] = [*(spec.get("tolerations") or []), *_tolerations(spec)]
        document["status"] = {"phase": "Pending", "qosClass": _quality(spec)}


def _tolerations(spec: Object) -> Iterator[Object]:
    # As the admission plugin DefaultTolerationSeconds adds them.
    given = spec.get("tolerations") or []
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(one.get("key") in {key, None} and one.get("effect") in {"NoExecute", None} for one in given):
            yield {
                "key": key,
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": _TOLERATED_SECONDS,
            }


def _quality(spec: Object) -> str:
    resources = [container.get("resources") or {} for container in spec.get("containers") or ()]
    if not any(one.get("requests") or one.get("limits") for one in resources):
        return "BestEffort"
    both = {"cpu", "memory"}
    if all(both <= set(one.get("limits") or {}) and one["requests"] == one["limits"] for one in resources):
        return "Guaranteed"
    return "Burstable"


def _validate(document: Object, previous: Object | None) -> list[Cause]:
    causes = list(pod_causes(document["spec"], "spec"))
    if previous and not causes and _fixed(document["spec"]) != _fixed(previous["spec"]):
        said = (
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
            "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
            "(allow it to be set to 1 if it was previously negative)"
        )
        causes.append(Cause("FieldValueForbidden", said, "spec"))
    return causes


def _fixed(spec: Object) -> Object:
    changeable = {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates"}
    kept = {key: copy.deepcopy(value) for key, value in spec.items() if key not in changeable}
    for name in ("containers", "initContainers"):
        for container in kept.get(name) or ():
            container.pop("image", None)
            container.pop("imagePullPolicy", None)
    return kept


def _container_statuses(document: Object) -> Iterator[Object]:
    yield from at(document, "status.containerStatuses", ())


def _ready(document: Object, _now: datetime) -> JSON:
    ready = sum(bool(status.get("ready")) for status in _container_statuses(document))
    return f"{ready}/{len(at(document, 'spec.containers', ()))}"


def _status(document: Object, _now: datetime) -> JSON:
    if at(document, "metadata.deletionTimestamp"):
        return "Terminating"
    for status in _container_statuses(document):
        for state in ("waiting", "terminated"):
            if reason := at(status, f"state.{state}.reason"):
                return str(reason)
    return str(at(document, "status.reason") or at(document, "status.phase", "Unknown"))


def _restarts(document: Object, _now: datetime) -> JSON:
    return str(sum(status.get("restartCount", 0) for status in _container_statuses(document)))


PODS = Kind(
    kind="Pod",
    plural="pods",
    singular="pod",
    namespaced=True,
    short_names=("po",),
    categories=("all",),
    selectable=(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    has_status=True,
    returns_deleted=True,
    subresources=(
        Subresource("attach", "PodAttachOptions", _STREAMS),
        Subresource("eviction", "Eviction", ("create",), "policy", "v1"),
        Subresource("exec", "PodExecOptions", _STREAMS),
        Subresource("log", "Pod", ("get",)),
        Subresource("portforward", "PodPortForwardOptions", _STREAMS),
        Subresource("proxy", "PodProxyOptions", _STREAMS),
    ),
    columns=(
        NAME,
        Column("Ready", _ready, description="How many of its containers are ready."),
        Column("Status", _status, description="The aggregate status of the containers."),
        Column("Restarts", _restarts, description="How often its containers were restarted."),
        AGE,
        Column("IP", field_cell("status.podIP", "<none>"), priority=1),
        Column("Node", field_cell("spec.nodeName", "<none>"), priority=1),
        Column("Nominated Node", field_cell("status.nominatedNodeName", "<none>"), priority=1),
        Column("Readiness Gates", field_cell("-", "<none>"), priority=1),
    ),
    prepare=_prepare,
    validate=_validate,
)
