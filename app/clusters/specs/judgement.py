"""How a cluster's conditions are judged, one by one, from what was seen of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.azure.types.provisioning import has_failed
from app.clusters.specs.conditions import ENDS_WITHIN, PATIENCE, Condition, ConditionType, Status, is_whole
from app.clusters.specs.differences import Difference
from app.clusters.specs.observed import SECRET_ENDS_AT, under_way
from app.core.json import JsonObject
from app.core.text import counted
from app.models import NodePoolState, ReaderState

LONG_TERM = "AKSLongTermSupport"
# Trouble 35: each of these is told by an event.
_WARN_DAYS = (7, 30, 60)


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A pool as its row has it; `managed` False: in Azure only."""

    name: str
    azure_name: str
    state: str
    observed: JsonObject | None
    managed: bool = True

    @property
    def runs(self) -> bool:
        """Whether its nodes should be there."""
        seen = self.observed
        return seen is not None and str(seen.get("power_state") or "").lower() != "stopped"


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """How the cluster is read: `nodes` as (pool, whether Ready), None where they were never read; `kept`: all of it."""

    state: str
    seen_at: datetime | None
    problem: str | None
    nodes: tuple[tuple[str | None, bool], ...] | None
    certificates_end_at: datetime | None = None
    kept: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a cluster. `observed` as its row keeps it.

    `offered`: the versions that AKS has there with their support plans, None: not known; `plan`: the cluster's own.
    """

    observed: JsonObject
    location: str
    lost: bool
    pools: Sequence[PoolFacts]
    reader: ReaderFacts | None
    offered: Mapping[str, Sequence[str]] | None
    differences: Sequence[Difference]
    plan: str | None = None

    @property
    def stopped(self) -> bool:
        """Whether Azure says that it is stopped."""
        return str(self.observed.get("power_state") or "").lower() == "stopped"


def judge(facts: Facts, now: datetime) -> tuple[Condition, ...]:
    """All conditions of a cluster at this moment."""
    reachable = _reachable(facts, now)
    return (
        reachable,
        _nodes_ready(facts, reachable),
        _version_supported(facts),
        _certificate_valid(facts, now),
        *_secret_valid(facts, now),
        _provisioned(facts),
        _as_wanted(facts),
    )


def _reachable(facts: Facts, now: datetime) -> Condition:
    kind = ConditionType.CONTROL_PLANE_REACHABLE
    if facts.lost:
        return Condition(kind, Status.FALSE, "Lost", "Azure has no such cluster any more.")
    if facts.stopped:
        return Condition(kind, Status.FALSE, "Stopped", "The cluster is stopped.")
    if facts.reader is None:
        return Condition(kind, Status.UNKNOWN, "NotRead", "No worker reads the cluster yet.")
    return _as_read(facts.reader, now)


def _as_read(reader: ReaderFacts, now: datetime) -> Condition:
    kind = ConditionType.CONTROL_PLANE_REACHABLE
    if reader.state == ReaderState.UNREACHABLE:
        return Condition(kind, Status.FALSE, "Unreachable", reader.problem or "The API server does not answer.")
    # Heard just now: another worker is taking over, or a private cluster is read by a command now and then.
    heard = reader.seen_at is not None and now - reader.seen_at < PATIENCE
    if heard or reader.state == ReaderState.WATCHING:
        return Condition(kind, Status.TRUE, "Answers", "The API server answers.")
    if reader.state == ReaderState.PRIVATE:
        return Condition(kind, Status.UNKNOWN, "Private", "The API server cannot be reached from here.")
    return Condition(kind, Status.UNKNOWN, "Connecting", "The API server has not answered yet.")


def _nodes_ready(facts: Facts, reachable: Condition) -> Condition:
    kind, nodes = ConditionType.NODES_READY, facts.reader.nodes if facts.reader else None
    if reachable.status is not Status.TRUE or nodes is None:
        return Condition(kind, Status.UNKNOWN, "NotRead", "The nodes cannot be read.")
    pools: dict[str, JsonObject] = {}
    for pool in facts.pools:
        if not pool.runs:
            continue
        there = [ready for name, ready in nodes if name == pool.azure_name]
        seen = pool.observed or {}
        # Of a pool that the autoscaler changes, Azure's count is older than what the cluster itself says.
        count = len(there) if seen.get("max_count") is not None else int(seen.get("count") or 0)
        pools[pool.azure_name] = {"ready": sum(there), "wanted": max(count, len(there))}
    ready = sum(each["ready"] for each in pools.values())
    wanted = sum(each["wanted"] for each in pools.values())
    more: JsonObject = {"ready": ready, "wanted": wanted, "pools": pools}
    if ready < wanted:
        called = {pool.azure_name: pool.name for pool in facts.pools}
        short = ", ".join(sorted(called[name] for name, each in pools.items() if not is_whole(each)))
        message = f"{ready} of {counted(wanted, 'node')} {_are(ready)} Ready; look at: {short}."
        return Condition(kind, Status.FALSE, "NodesNotReady", message, more)
    return Condition(kind, Status.TRUE, "AllReady", f"{counted(ready, 'node')} {_are(ready)} Ready.", more)


def _version_supported(facts: Facts) -> Condition:
    kind = ConditionType.VERSION_SUPPORTED
    running = facts.observed.get("current_kubernetes_version") or facts.observed.get("kubernetes_version")
    status, reason, message = _support(facts, running)
    # A pool may be up to three minors older than its control plane.
    of_pools = {
        pool.azure_name: dict(zip(("status", "reason", "message"), _support(facts, version), strict=True))
        for pool in facts.pools
        if (version := (pool.observed or {}).get("kubernetes_version")) is not None
    }
    return Condition(kind, status, reason, message, {"by_pool": of_pools})


def _support(facts: Facts, running: str | None) -> tuple[Status, str, str]:
    if not running or not facts.offered:
        return Status.UNKNOWN, "NotKnown", "Which versions AKS supports there is not known."
    minor = _minor(running)
    minors = sorted({_minor(each) for each in facts.offered})
    plans = {plan for version, plans in facts.offered.items() if _minor(version) == minor for plan in plans}
    if plans == {LONG_TERM} and facts.plan != LONG_TERM:
        message = f"AKS supports Kubernetes {_text(minor)} with the support plan {LONG_TERM} only; upgrade, or take it."
        return Status.FALSE, "LongTermSupportOnly", message
    if minor in minors:
        return Status.TRUE, "Supported", f"AKS supports Kubernetes {_text(minor)}."
    if minor > minors[-1]:
        return Status.UNKNOWN, "NotKnown", f"AKS lists nothing of Kubernetes {_text(minor)}."
    message = (
        f"AKS does not support Kubernetes {_text(minor)} in {facts.location} any more; the oldest that it supports is "
        f"{_text(minors[0])}."
    )
    return Status.FALSE, "OutOfSupport", message


def _certificate_valid(facts: Facts, now: datetime) -> Condition:
    kind, ends_at = ConditionType.CERTIFICATE_VALID, facts.reader.certificates_end_at if facts.reader else None
    if ends_at is None:
        return Condition(kind, Status.UNKNOWN, "NotKnown", "When the cluster's certificates end is not known.")
    day = f"{ends_at:%Y-%m-%d}"
    cure = "POST /v1/clusters/{id}:rotate-certificates makes new ones."
    if ends_at <= now:
        return Condition(kind, Status.FALSE, "Expired", f"The cluster's certificates ended on {day}. {cure}")
    within = next((days for days in _WARN_DAYS if ends_at - now <= timedelta(days=days)), None)
    if within is not None:
        reason = f"{ENDS_WITHIN}{within}Days"
        return Condition(kind, Status.TRUE, reason, f"The cluster's certificates end on {day}. {cure}")
    return Condition(kind, Status.TRUE, "Valid", f"The cluster's certificates are valid until {day}.")


def _secret_valid(facts: Facts, now: datetime) -> tuple[Condition, ...]:
    """Of the secret with which the cluster acts in Azure, where the vault in which it lies said when it ends."""
    kind, known = ConditionType.SECRET_VALID, facts.observed.get(SECRET_ENDS_AT)
    if known is None:
        return ()
    day = datetime.fromisoformat(known).date()
    left = (day - now.date()).days
    cure = "Put a new version into the vault; POST /v1/clusters/{id}:reset-service-principal gives it to the cluster."
    if left < 0:
        return (Condition(kind, Status.FALSE, "Expired", f"The service principal's secret ended on {day}. {cure}"),)
    within = next((days for days in _WARN_DAYS if left <= days), None)
    if within is not None:
        message = f"The service principal's secret ends on {day}. {cure}"
        return (Condition(kind, Status.TRUE, f"{ENDS_WITHIN}{within}Days", message),)
    return (Condition(kind, Status.TRUE, "Valid", f"The service principal's secret is valid until {day}."),)


def _provisioned(facts: Facts) -> Condition:
    kind = ConditionType.PROVISIONED
    word = str(facts.observed.get("provisioning_state") or "")
    if facts.lost:
        return Condition(kind, Status.FALSE, "Lost", "Azure has no such cluster any more.")
    if has_failed(word):
        why = _why(facts.observed.get("provisioning_error"))
        message = f"Azure's last operation on the cluster ended as {word}{why}. `:reconcile` puts it again."
        return Condition(kind, Status.FALSE, f"LastOperation{word}", message)
    for state, reason in ((NodePoolState.FAILED, "NodePoolFailed"), (NodePoolState.LOST, "NodePoolLost")):
        bad = sorted(pool.name for pool in facts.pools if pool.state == state)
        if bad:
            pools = f"Node pool {bad[0]} is" if len(bad) == 1 else f"Node pools {', '.join(bad)} are"
            return Condition(kind, Status.FALSE, reason, f"{pools} {state}.")
    at_work = under_way(facts.observed, [pool.observed for pool in facts.pools if pool.observed is not None])
    if at_work is not None:
        return Condition(kind, Status.UNKNOWN, "InProgress", f"Azure is at work on it ({at_work}).")
    return Condition(kind, Status.TRUE, "Provisioned", "Azure's last operation ended well.")


def _as_wanted(facts: Facts) -> Condition:
    kind = ConditionType.AS_WANTED
    if facts.differences:
        message = " ".join(each.message for each in facts.differences)
        return Condition(kind, Status.FALSE, facts.differences[0].reason, message)
    return Condition(kind, Status.TRUE, "AsWanted", "Nobody has changed it outside Slipway, as far as is watched.")


def _why(error: Mapping[str, object] | None) -> str:
    words = ": ".join(str(part) for part in ((error or {}).get("code"), (error or {}).get("message")) if part)
    return f" ({words[:500].rstrip('.')})" if words else ""


def _minor(version: str) -> tuple[int, int]:
    parts = [int(part) if part.isdecimal() else 0 for part in version.split(".")]
    return parts[0], parts[1] if len(parts) > 1 else 0


def _text(minor: tuple[int, int]) -> str:
    return f"{minor[0]}.{minor[1]}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
