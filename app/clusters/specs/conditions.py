"""What is judged of a cluster: conditions, how rows keep them, and what follows from them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.clock import rfc3339
from app.core.json import JsonList, JsonObject

ENDS_WITHIN = "EndsWithin"
"""How the reasons of what is valid, but not for long, begin."""
PATIENCE = timedelta(minutes=5)
"""So long nodes may be missing, or the API server be silent, before the cluster counts as degraded."""


class ConditionType(StrEnum):
    """What is judged. New types may come."""

    CONTROL_PLANE_REACHABLE = "ControlPlaneReachable"
    NODES_READY = "NodesReady"
    VERSION_SUPPORTED = "VersionSupported"
    CERTIFICATE_VALID = "CertificateValid"
    SECRET_VALID = "SecretValid"  # noqa: S105 - a type, no secret
    PROVISIONED = "Provisioned"
    AS_WANTED = "AsWanted"
    AUTOSCALING = "AutoscalerWorks"
    SPOT = "SpotNodesAvailable"
    DELETION_ON_TIME = "DeletionOnTime"


class Status(StrEnum):
    """As Kubernetes writes it."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One judgement. `more` is kept beside it, for what is computed from it at a read."""

    type: ConditionType
    status: Status
    reason: str
    message: str
    more: JsonObject = field(default_factory=dict)


def merged(before: JsonList | None, fresh: Sequence[Condition], now: datetime) -> JsonList:
    """Conditions in the form in which rows keep them; `since` moves only where a status has changed."""
    known = {each["type"]: each for each in before or []}
    return [_as_json(each, known.get(each.type), now) for each in fresh]


def _as_json(condition: Condition, before: JsonObject | None, now: datetime) -> JsonObject:
    same = before is not None and before["status"] == condition.status
    more = dict(condition.more)
    if "pools" in more:
        known = before.get("pools", {}) if before else {}
        more["pools"] = {name: _pool_json(pool, known.get(name), now) for name, pool in more["pools"].items()}
    return {
        "type": str(condition.type),
        "status": str(condition.status),
        "reason": condition.reason,
        "message": condition.message,
        "since": before["since"] if before and same else rfc3339(now),
        **more,
    }


def _pool_json(pool: JsonObject, before: JsonObject | None, now: datetime) -> JsonObject:
    same = before is not None and is_whole(before) == is_whole(pool)
    return {**pool, "since": before["since"] if before and same else rfc3339(now)}


def is_whole(pool: JsonObject) -> bool:
    """Whether all nodes of a pool, as `NodesReady` keeps them, are Ready."""
    return bool(pool["ready"] >= pool["wanted"])


def troubles(conditions: JsonList | None, now: datetime) -> list[str]:
    """The reasons for which a cluster that serves is degraded; none: it is not."""
    return [each["reason"] for each in conditions or [] if _degrades(each, now)]


def _degrades(condition: JsonObject, now: datetime) -> bool:
    if condition["status"] != Status.FALSE:
        return False
    match condition["type"]:
        case ConditionType.PROVISIONED:
            return True
        case ConditionType.CONTROL_PLANE_REACHABLE | ConditionType.NODES_READY:
            return now - datetime.fromisoformat(condition["since"]) >= PATIENCE
        case ConditionType.CERTIFICATE_VALID | ConditionType.SECRET_VALID:
            return True
    return False


def turned(before: JsonList | None, after: JsonList) -> list[JsonObject]:
    """The conditions that are worth an event: what has become False, or is True again, or comes to an end soon."""
    known = {each["type"]: each for each in before or []}
    return [each for each in after if _is_news(known.get(each["type"]), each)]


def _is_news(before: JsonObject | None, after: JsonObject) -> bool:
    was = before["status"] if before else Status.UNKNOWN
    if after["reason"].startswith(ENDS_WITHIN) and (before is None or before["reason"] != after["reason"]):
        return True
    if after["status"] == Status.FALSE:
        return was != Status.FALSE or before is None or before["reason"] != after["reason"]
    return was == Status.FALSE and after["status"] == Status.TRUE


def condition_of(conditions: JsonList | None, type_: ConditionType) -> JsonObject | None:
    """One of the conditions that a row keeps."""
    return next((each for each in conditions or [] if each["type"] == type_), None)
