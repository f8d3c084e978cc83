"""What rules over others: disruption budgets are obeyed; quotas, ranges, autoscalers and priorities are stored."""

from dataclasses import replace
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.cells import integer
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, field_cell
from app.emulator.kubernetes.status import Cause

_CREATED = Column("Created At", field_cell("metadata.creationTimestamp"))
_METRICS_SHOWN = 2


def _prepare_budget(document: Object, previous: Object | None) -> None:
    document.setdefault("spec", {})
    if previous is None:
        counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        document["status"] = dict.fromkeys(counts, 0)


def _validate_budget(document: Object, _previous: Object | None) -> list[Cause]:
    spec = document["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        said = "Invalid value: minAvailable and maxUnavailable cannot be both set"
        return [Cause("FieldValueInvalid", said, "spec")]
    return []


def _prepare_autoscaler(document: Object, previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if previous is None:
        document["status"] = {"currentMetrics": None, "desiredReplicas": 0}


def _validate_autoscaler(document: Object, _previous: Object | None) -> list[Cause]:
    spec = document["spec"]
    causes = []
    if spec.get("maxReplicas", 0) < 1:
        said = f"Invalid value: {spec.get('maxReplicas', 0)}: must be greater than 0"
        causes.append(Cause("FieldValueInvalid", said, "spec.maxReplicas"))
    elif spec["maxReplicas"] < spec["minReplicas"]:
        said = f"Invalid value: {spec['maxReplicas']}: must be greater than or equal to `minReplicas`"
        causes.append(Cause("FieldValueInvalid", said, "spec.maxReplicas"))
    if not at(spec, "scaleTargetRef.name"):
        causes.append(Cause("FieldValueRequired", "Required value", "spec.scaleTargetRef.name"))
    return causes


def _prepare_quota(document: Object, previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    if previous is None:
        hard = spec.get("hard") or {}
        document["status"] = {"hard": dict(hard), "used": dict.fromkeys(hard, "0")} if hard else {}


def _prepare_priority(document: Object, _previous: Object | None) -> None:
    document.setdefault("value", 0)
    document.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _bound(name: str) -> Column:
    def cell(document: Object, _now: datetime) -> JSON:
        return str(at(document, f"spec.{name}", "N/A"))

    said = {"minAvailable": "Min Available", "maxUnavailable": "Max Unavailable"}
    return Column(said[name], cell)


def _target(document: Object, _now: datetime) -> JSON:
    reference = at(document, "spec.scaleTargetRef", {})
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _metrics(document: Object, _now: datetime) -> JSON:
    said = [_metric(metric) for metric in at(document, "spec.metrics", ())]
    if not said:
        return "<none>"
    rest = len(said) - _METRICS_SHOWN
    return ", ".join(said[:_METRICS_SHOWN]) + (f" + {rest} more..." if rest > 0 else "")


def _metric(metric: Object) -> str:
    # No metrics are measured here, so that the present value is always unknown.
    resource = metric.get("resource") or metric.get("containerResource")
    if resource is None:
        return "<unknown>/<auto>"
    target = resource.get("target", {})
    if "averageUtilization" in target:
        return f"{resource.get('name', '')}: <unknown>/{target['averageUtilization']}%"
    return f"{resource.get('name', '')}: <unknown>/{target.get('averageValue', '<auto>')}"


def _quota_cell(document: Object, *, limits: bool) -> str:
    hard, used = (at(document, f"status.{name}", {}) for name in ("hard", "used"))
    chosen = sorted(name for name in hard if name.startswith("limits") == limits)
    return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in chosen)


def _requests(document: Object, _now: datetime) -> JSON:
    return _quota_cell(document, limits=False)


def _limits(document: Object, _now: datetime) -> JSON:
    return _quota_cell(document, limits=True)


POD_DISRUPTION_BUDGETS = Kind(
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    singular="poddisruptionbudget",
    namespaced=True,
    group="policy",
    short_names=("pdb",),
    has_status=True,
    has_generation=True,
    columns=(
        NAME,
        _bound("minAvailable"),
        _bound("maxUnavailable"),
        integer("Allowed Disruptions", "status.disruptionsAllowed"),
        AGE,
    ),
    prepare=_prepare_budget,
    validate=_validate_budget,
)

AUTOSCALERS = Kind(
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    singular="horizontalpodautoscaler",
    namespaced=True,
    group="autoscaling",
    version="v2",
    short_names=("hpa",),
    categories=("all",),
    has_status=True,
    columns=(
        NAME,
        Column("Reference", _target),
        Column("Targets", _metrics),
        Column("MinPods", field_cell("spec.minReplicas", "<unset>")),
        Column("MaxPods", field_cell("spec.maxReplicas", 0)),
        Column("Replicas", field_cell("status.currentReplicas", 0)),
        AGE,
    ),
    prepare=_prepare_autoscaler,
    validate=_validate_autoscaler,
)


def _show_v1(document: Object) -> Object:
    """Show an autoscaler as autoscaling/v1 has it: with the goal for the processors alone."""
    spec = {key: value for key, value in document["spec"].items() if key not in {"metrics", "behavior"}}
    for metric in document["spec"].get("metrics") or ():
        percent = at(metric, "resource.target.averageUtilization")
        if at(metric, "resource.name") == "cpu" and percent:
            spec["targetCPUUtilizationPercentage"] = percent
    status = {"currentReplicas": 0, "desiredReplicas": at(document, "status.desiredReplicas", 0)}
    return {**document, "spec": spec, "status": status}


def _keep_v1(document: Object) -> Object:
    spec = dict(document.get("spec") or {})
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    return {**document, "spec": spec}


AUTOSCALERS_V1 = replace(AUTOSCALERS, version="v1", stored_as=AUTOSCALERS.resource, show=_show_v1, keep=_keep_v1)

RESOURCE_QUOTAS = Kind(
    kind="ResourceQuota",
    plural="resourcequotas",
    singular="resourcequota",
    namespaced=True,
    short_names=("quota",),
    has_status=True,
    returns_deleted=True,
    columns=(NAME, Column("Request", _requests), Column("Limit", _limits), AGE),
    prepare=_prepare_quota,
)

LIMIT_RANGES = Kind(
    kind="LimitRange",
    plural="limitranges",
    singular="limitrange",
    namespaced=True,
    short_names=("limits",),
    columns=(NAME, _CREATED),
)

PRIORITY_CLASSES = Kind(
    kind="PriorityClass",
    plural="priorityclasses",
    singular="priorityclass",
    namespaced=False,
    group="scheduling.k8s.io",
    short_names=("pc",),
    has_generation=True,
    columns=(
        NAME,
        integer("Value", "value"),
        Column("Global-Default", field_cell("globalDefault", False), type="boolean"),
        AGE,
        Column("PreemptionPolicy", field_cell("preemptionPolicy"), priority=1),
    ),
    prepare=_prepare_priority,
)
