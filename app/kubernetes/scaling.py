"""From Kubernetes' objects to what Slipway keeps of pods that wait, and of the autoscaler's word."""

from datetime import UTC, datetime

from lightkube.models.core_v1 import PodStatus
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Pod

from app.core.errors import SlipwayError
from app.kubernetes.strict_yaml import Plain, load
from app.kubernetes.types.scaling import AutoscalerStatus, NodeGroup, PendingPod

STATUS = "cluster-autoscaler-status"
"""YAML from 1.30 on: github.com/kubernetes/autoscaler, cluster-autoscaler/clusterstate/api/types.go."""
NAMESPACE = "kube-system"
_LONGEST = 500


def pending_pod(pod: Pod) -> PendingPod:
    """A pod that the scheduler has refused; daemons' pods have their own node, which comes with nobody's help."""
    metadata, status = pod.metadata or ObjectMeta(), pod.status or PodStatus()
    daemon = any(owner.kind == "DaemonSet" for owner in metadata.ownerReferences or ())
    for condition in status.conditions or ():
        refused = condition.type == "PodScheduled" and condition.status == "False"
        if refused and condition.reason == "Unschedulable" and not daemon and metadata.deletionTimestamp is None:
            return PendingPod(
                name=metadata.name or "",
                namespace=metadata.namespace or "",
                since=condition.lastTransitionTime or metadata.creationTimestamp,
                message=condition.message[:_LONGEST] if condition.message else None,
            )
    return PendingPod("", node=(pod.spec.nodeName if pod.spec else None) or None)


def autoscaler_status(found: ConfigMap) -> AutoscalerStatus:
    """What the autoscaler says; of a form that is not known only that it is there."""
    name = (found.metadata.name if found.metadata else None) or ""
    try:
        said = load(((found.data or {}).get("status") or "").encode())
    except SlipwayError:
        return AutoscalerStatus(name)
    if not isinstance(said, dict):
        return AutoscalerStatus(name)
    groups = said.get("nodeGroups")
    listed = groups if isinstance(groups, list) else []
    return AutoscalerStatus(name, _time(said.get("time")), tuple(_group(each) for each in listed))


def _group(said: Plain) -> NodeGroup:
    scale_up = _part(said, "scaleUp")
    back_off = _part(scale_up, "backoffInfo")
    return NodeGroup(
        name=_text(said, "name") or "",
        scale_up=_text(scale_up, "status"),
        code=_text(back_off, "errorCode"),
        message=(_text(back_off, "errorMessage") or "")[:_LONGEST] or None,
    )


def _part(said: Plain, name: str) -> Plain:
    return said.get(name) if isinstance(said, dict) else None


def _text(said: Plain, name: str) -> str | None:
    found = _part(said, name)
    return found if isinstance(found, str) else None


def _time(said: Plain) -> datetime | None:
    """`2026-11-27 12:03:04.123456789 +0000 UTC`, but only in steps of five minutes: it is written every ten seconds.

    None where it is written in another way.
    """
    try:
        found = datetime.strptime(str(said)[:16], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found.replace(minute=found.minute - found.minute % 5)
