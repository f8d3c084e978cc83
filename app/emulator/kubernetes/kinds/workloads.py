"""What makes pods: deployments, replica sets, daemon sets, stateful sets and their revisions."""

import copy
from collections.abc import Callable, Iterator
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.cells import integer, labels_text, number_cell, template_columns
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, Prepare, Subresource, Validate, field_cell
from app.emulator.kubernetes.kinds.pod_defaults import pod_causes, set_pod_defaults
from app.emulator.kubernetes.selectors import matches
from app.emulator.kubernetes.status import Cause

_SCALE = Subresource("scale", "Scale", ("get", "patch", "update"), "autoscaling", "v1")
_IMMUTABLE = "field is immutable"


def _preparing(fill: Callable[[Object], None]) -> Prepare:
    def prepare(document: Object, previous: Object | None) -> None:
        spec = document.setdefault("spec", {})
        set_pod_defaults(spec.setdefault("template", {}).setdefault("spec", {}))
        fill(spec)
        if previous is None:
            document["status"] = {}

    return prepare


def _fill_deployment(spec: Object) -> None:
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _fill_rolling(strategy, maxUnavailable="25%", maxSurge="25%")


def _fill_rolling(strategy: Object, **defaults: JSON) -> None:
    rolling = strategy.get("rollingUpdate") or {}
    strategy["rollingUpdate"] = {**defaults, **rolling}


def _fill_replica_set(spec: Object) -> None:
    spec.setdefault("replicas", 1)


def _fill_daemon_set(spec: Object) -> None:
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _fill_rolling(strategy, maxUnavailable=1, maxSurge=0)


def _fill_stateful_set(spec: Object) -> None:
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"})
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _fill_rolling(strategy, partition=0)


def _mountable(spec: Object) -> Object:
    """The spec of a template's pods, with the volumes that a stateful set's claims add to each of them."""
    pod: Object = spec["template"]["spec"]
    names = [(template.get("metadata") or {}).get("name", "") for template in spec.get("volumeClaimTemplates") or ()]
    claims = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    return {**pod, "volumes": [*(pod.get("volumes") or ()), *claims]}


def _validating(*immutable: str) -> Validate:
    def validate(document: Object, previous: Object | None) -> list[Cause]:
        spec = document["spec"]
        causes = [*_selector_causes(spec), *pod_causes(_mountable(spec), "spec.template.spec")]
        replicas = spec.get("replicas", 0)
        if replicas < 0:
            said = f"Invalid value: {replicas}: must be greater than or equal to 0"
            causes.append(Cause("FieldValueInvalid", said, "spec.replicas"))
        for field in immutable:
            if previous and spec.get(field) != previous["spec"].get(field):
                said = f"Invalid value: {_go(spec.get(field))}: {_IMMUTABLE}"
                causes.append(Cause("FieldValueInvalid", said, f"spec.{field}"))
        return causes

    return validate


def _go(value: JSON) -> str:
    if not isinstance(value, dict):
        return str(value)
    labels = value.get("matchLabels")
    pairs = " ".join(f"{key}:{item}" for key, item in sorted(labels.items())) if isinstance(labels, dict) else ""
    return f'{{"MatchLabels":map[{pairs}],"MatchExpressions":null}}'


def _selector_causes(spec: Object) -> Iterator[Cause]:
    selector = spec.get("selector")
    labels = at(spec, "template.metadata.labels", {})
    if not selector:
        yield Cause("FieldValueRequired", "Required value", "spec.selector")
    elif not matches(selector, labels):
        said = f"Invalid value: {labels_map(labels)}: `selector` does not match template `labels`"
        yield Cause("FieldValueInvalid", said, "spec.template.metadata.labels")
    if at(spec, "template.spec.restartPolicy") != "Always":
        policy = at(spec, "template.spec.restartPolicy")
        said = f'Unsupported value: "{policy}": supported values: "Always"'
        yield Cause("FieldValueNotSupported", said, "spec.template.spec.restartPolicy")


def labels_map(labels: Object) -> str:
    """Return labels as Go prints a map, for an error message."""
    pairs = ",".join(f'"{key}":"{value}"' for key, value in sorted(labels.items()))
    return f"{{{pairs}}}"


def template_of(document: Object) -> Object:
    """Return a copy of a workload's pod template."""
    template: Object = copy.deepcopy(document["spec"]["template"])
    return template


def _ready_of(document: Object, _now: datetime) -> JSON:
    return f"{at(document, 'status.readyReplicas', 0)}/{at(document, 'spec.replicas', 0)}"


def _node_selector(document: Object, _now: datetime) -> JSON:
    return labels_text(at(document, "spec.template.spec.nodeSelector"))


def _controller(document: Object, _now: datetime) -> JSON:
    for owner in document["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            group = owner["apiVersion"].partition("/")[0]
            return f"{owner['kind'].lower()}.{group}/{owner['name']}"
    return "<none>"


DEPLOYMENTS = Kind(
    kind="Deployment",
    plural="deployments",
    singular="deployment",
    namespaced=True,
    group="apps",
    short_names=("deploy",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    subresources=(_SCALE,),
    columns=(
        NAME,
        Column("Ready", _ready_of),
        Column("Up-to-date", number_cell("status.updatedReplicas")),
        Column("Available", number_cell("status.availableReplicas")),
        AGE,
        *template_columns(),
    ),
    prepare=_preparing(_fill_deployment),
    validate=_validating("selector"),
)

REPLICA_SETS = Kind(
    kind="ReplicaSet",
    plural="replicasets",
    singular="replicaset",
    namespaced=True,
    group="apps",
    short_names=("rs",),
    categories=("all",),
    selectable=("status.replicas",),
    has_status=True,
    has_generation=True,
    subresources=(_SCALE,),
    columns=(
        NAME,
        integer("Desired", "spec.replicas"),
        integer("Current", "status.replicas"),
        integer("Ready", "status.readyReplicas"),
        AGE,
        *template_columns(),
    ),
    prepare=_preparing(_fill_replica_set),
    validate=_validating("selector"),
)

DAEMON_SETS = Kind(
    kind="DaemonSet",
    plural="daemonsets",
    singular="daemonset",
    namespaced=True,
    group="apps",
    short_names=("ds",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    columns=(
        NAME,
        integer("Desired", "status.desiredNumberScheduled"),
        integer("Current", "status.currentNumberScheduled"),
        integer("Ready", "status.numberReady"),
        integer("Up-to-date", "status.updatedNumberScheduled"),
        integer("Available", "status.numberAvailable"),
        Column("Node Selector", _node_selector),
        AGE,
        *template_columns(),
    ),
    prepare=_preparing(_fill_daemon_set),
    validate=_validating("selector"),
)

STATEFUL_SETS = Kind(
    kind="StatefulSet",
    plural="statefulsets",
    singular="statefulset",
    namespaced=True,
    group="apps",
    short_names=("sts",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    subresources=(_SCALE,),
    columns=(NAME, Column("Ready", _ready_of), AGE, *template_columns(selector=None)),
    prepare=_preparing(_fill_stateful_set),
    validate=_validating("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"),
)

CONTROLLER_REVISIONS = Kind(
    kind="ControllerRevision",
    plural="controllerrevisions",
    singular="controllerrevision",
    namespaced=True,
    group="apps",
    columns=(
        NAME,
        Column("Controller", _controller),
        Column("Revision", field_cell("revision", 0)),
        AGE,
    ),
)
