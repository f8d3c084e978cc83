"""What is judged of a cluster by what was seen of it, and what follows from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clusters.specs import conditions as spec
from app.clusters.specs.condition_reads import pool_conditions, pool_nodes
from app.clusters.specs.conditions import Condition, ConditionType, Status
from app.clusters.specs.differences import differences
from app.clusters.specs.judgement import Facts, PoolFacts, ReaderFacts, judge
from app.clusters.specs.observed import SECRET_ENDS_AT
from app.clusters.specs.states import AT_REST, CHANGEABLE, LEAVING, SERVING, STOPPED, UNDER_WAY, while_azure_is
from app.clusters.specs.summary import pool_summary, summary
from app.core.clock import rfc3339
from app.models import ClusterState

_CONNECTING = "Connecting"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
OWNED = {"managed-by": "slipway", "slipway-cluster": "cls_1"}
OBSERVED: dict[str, Any] = {
    "provisioning_state": "Succeeded",
    "power_state": "Running",
    "current_kubernetes_version": "1.33.5",
    "tags": OWNED,
}
LONG = ["AKSLongTermSupport"]
BOTH = ["KubernetesOfficial", *LONG]
POOL: dict[str, Any] = {"provisioning_state": "Succeeded", "power_state": "Running", "count": 2, "max_count": None}


def _pool(**changes: Any) -> PoolFacts:
    state = changes.pop("state", "ready")
    return PoolFacts("system", "system", state, {**POOL, **changes})


def _reader(state: str = "watching", *ready: bool, seen_at: datetime | None = NOW) -> ReaderFacts:
    return ReaderFacts(state, seen_at, "Connection refused.", tuple(("system", each) for each in ready))


def _ending(days: int) -> ReaderFacts:
    return replace(_reader("watching", True, True), certificates_end_at=NOW + timedelta(days=days))


def _secret(days: int) -> dict[str, Any]:
    day = (NOW + timedelta(days=days)).replace(hour=0)
    return {"observed": {SECRET_ENDS_AT: day.isoformat()}}


def _facts(**changes: Any) -> Facts:
    given: dict[str, Any] = {
        "observed": {**OBSERVED, **changes.pop("observed", {})},
        "location": "westeurope",
        "lost": False,
        "pools": [_pool()],
        "reader": _reader("watching", True, True),
        "offered": {"1.32.9": BOTH, "1.33.5": BOTH, "1.34.1": BOTH},
        "differences": (),
    }
    return Facts(**{**given, **changes})


def _judged(type_: ConditionType, **changes: Any) -> Condition:
    return next(each for each in judge(_facts(**changes), NOW) if each.type is type_)


@pytest.mark.parametrize(
    ("type_", "changes", "status", "reason"),
    [
        (ConditionType.CONTROL_PLANE_REACHABLE, {}, "True", "Answers"),
        (ConditionType.CONTROL_PLANE_REACHABLE, {"lost": True}, "False", "Lost"),
        (ConditionType.CONTROL_PLANE_REACHABLE, {"observed": {"power_state": "Stopped"}}, "False", "Stopped"),
        (ConditionType.CONTROL_PLANE_REACHABLE, {"reader": None}, "Unknown", "NotRead"),
        (ConditionType.CONTROL_PLANE_REACHABLE, {"reader": _reader("unreachable")}, "False", "Unreachable"),
        (ConditionType.CONTROL_PLANE_REACHABLE, {"reader": _reader("connecting")}, "True", "Answers"),
        (
            ConditionType.CONTROL_PLANE_REACHABLE,
            {"reader": _reader("connecting", seen_at=None)},
            "Unknown",
            "Connecting",
        ),
        (ConditionType.CONTROL_PLANE_REACHABLE, {"reader": _reader("private", seen_at=None)}, "Unknown", "Private"),
        (ConditionType.NODES_READY, {}, "True", "AllReady"),
        (ConditionType.NODES_READY, {"reader": _reader("watching", True, False)}, "False", "NodesNotReady"),
        (ConditionType.NODES_READY, {"reader": _reader("watching", True)}, "False", "NodesNotReady"),
        (ConditionType.NODES_READY, {"reader": _reader("unreachable", True, True)}, "Unknown", "NotRead"),
        (
            ConditionType.NODES_READY,
            {"reader": _reader("watching", True), "pools": [_pool(max_count=9)]},
            "True",
            "AllReady",
        ),
        (ConditionType.NODES_READY, {"reader": _reader(), "pools": [_pool(power_state="Stopped")]}, "True", "AllReady"),
        (ConditionType.VERSION_SUPPORTED, {}, "True", "Supported"),
        (ConditionType.VERSION_SUPPORTED, {"offered": None}, "Unknown", "NotKnown"),
        (ConditionType.VERSION_SUPPORTED, {"offered": {"1.34.1": BOTH}}, "False", "OutOfSupport"),
        (ConditionType.VERSION_SUPPORTED, {"offered": {"1.9.1": BOTH, "1.10.2": BOTH}}, "Unknown", "NotKnown"),
        (ConditionType.VERSION_SUPPORTED, {"offered": {"1.33.5": LONG}}, "False", "LongTermSupportOnly"),
        (ConditionType.VERSION_SUPPORTED, {"offered": {"1.33.5": LONG}, "plan": LONG[0]}, "True", "Supported"),
        (ConditionType.CERTIFICATE_VALID, {}, "Unknown", "NotKnown"),
        (ConditionType.CERTIFICATE_VALID, {"reader": _ending(90)}, "True", "Valid"),
        (ConditionType.CERTIFICATE_VALID, {"reader": _ending(60)}, "True", "EndsWithin60Days"),
        (ConditionType.CERTIFICATE_VALID, {"reader": _ending(30)}, "True", "EndsWithin30Days"),
        (ConditionType.CERTIFICATE_VALID, {"reader": _ending(7)}, "True", "EndsWithin7Days"),
        (ConditionType.CERTIFICATE_VALID, {"reader": _ending(0)}, "False", "Expired"),
        (ConditionType.SECRET_VALID, _secret(90), "True", "Valid"),
        (ConditionType.SECRET_VALID, _secret(60), "True", "EndsWithin60Days"),
        (ConditionType.SECRET_VALID, _secret(30), "True", "EndsWithin30Days"),
        (ConditionType.SECRET_VALID, _secret(7), "True", "EndsWithin7Days"),
        (ConditionType.SECRET_VALID, _secret(0), "True", "EndsWithin7Days"),
        (ConditionType.SECRET_VALID, _secret(-1), "False", "Expired"),
        (ConditionType.PROVISIONED, {}, "True", "Provisioned"),
        (ConditionType.PROVISIONED, {"observed": {"provisioning_state": "Failed"}}, "False", "LastOperationFailed"),
        (ConditionType.PROVISIONED, {"observed": {"provisioning_state": "Rebalancing"}}, "Unknown", "InProgress"),
        (ConditionType.PROVISIONED, {"pools": [_pool(provisioning_state="Scaling")]}, "Unknown", "InProgress"),
        (ConditionType.PROVISIONED, {"pools": [_pool(state="failed")]}, "False", "NodePoolFailed"),
        (ConditionType.PROVISIONED, {"pools": [_pool(state="lost")]}, "False", "NodePoolLost"),
        (ConditionType.AS_WANTED, {}, "True", "AsWanted"),
    ],
)
def test_a_condition_says_what_was_seen(type_: ConditionType, changes: Any, status: str, reason: str) -> None:
    """Trouble 10: a word of Azure's that is not known is "in progress", never a failure."""
    judged = _judged(type_, **changes)

    assert (judged.status, judged.reason) == (status, reason)
    assert judged.message[-1] == "."


def test_pools_are_called_by_our_names() -> None:
    """Azure's name of a Windows pool, or of one that was rotated, is none that a person gave."""
    pool = replace(_pool(), name="windows-frontend")
    told = _judged(ConditionType.NODES_READY, reader=_reader("watching", True), pools=[pool])
    assert told.message.endswith("look at: windows-frontend.")


def test_since_moves_only_where_a_status_turns() -> None:
    first = spec.merged(None, judge(_facts(), NOW), NOW)
    later = NOW + timedelta(minutes=7)
    second = spec.merged(first, judge(_facts(reader=_reader("watching", True, False)), later), later)

    since = {each["type"]: each["since"] for each in second}
    assert since.pop(ConditionType.NODES_READY) == rfc3339(later)
    assert set(since.values()) == {rfc3339(NOW)}
    assert [each["type"] for each in spec.turned(first, second)] == [ConditionType.NODES_READY]


def test_certificates_that_end_are_told_of_three_times() -> None:
    """trouble 35"""
    kept, told = spec.merged(None, judge(_facts(reader=_ending(90)), NOW), NOW), []
    for days in (61, 60, 59, 31, 30, 8, 7, 1, 0, -1):
        fresh = spec.merged(kept, judge(_facts(reader=_ending(days)), NOW), NOW)
        told += [each["reason"] for each in spec.turned(kept, fresh)]
        kept = fresh

    assert told == ["EndsWithin60Days", "EndsWithin30Days", "EndsWithin7Days", "Expired"]


def test_nodes_that_are_not_ready_degrade_a_cluster_after_a_while_and_a_failed_pool_at_once() -> None:
    nodes = spec.merged(None, judge(_facts(reader=_reader("watching", True, False)), NOW), NOW)
    pool = spec.merged(None, judge(_facts(pools=[_pool(state="failed")]), NOW), NOW)
    version = spec.merged(None, judge(_facts(offered={"1.34.1": BOTH}), NOW), NOW)

    assert spec.troubles(nodes, NOW + timedelta(minutes=4)) == []
    assert spec.troubles(nodes, NOW + timedelta(minutes=6)) == ["NodesNotReady"]
    assert spec.troubles(pool, NOW) == ["NodePoolFailed"]
    assert spec.troubles(version, NOW + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("observed", "wanted", "reasons"),
    [
        ({}, {"tags": {}, "kubernetes_version": "1.33"}, []),
        ({"tags": {"a": "b"}}, {"tags": {}}, ["OwnerTagsRemoved"]),
        ({"tags": {**OWNED, "Team": "red"}}, {"tags": {"team": "red"}}, []),
        ({"tags": {**OWNED, "team": "blue"}}, {"tags": {"team": "red"}}, ["TagsChanged"]),
        ({"unmanaged_pools": {"extra": POOL}}, {}, ["UnmanagedNodePool"]),
        ({}, {"kubernetes_version": "1.32"}, ["VersionNewer"]),
        ({}, {"kubernetes_version": "1.33.5"}, []),
        ({}, {"kubernetes_version": "1.34.1"}, []),
        ({}, {"kubernetes_version": "1.32", "settings": {"upgrades": {"channel": "stable"}}}, []),
        ({}, {"kubernetes_version": None}, []),
    ],
)
def test_what_was_changed_outside_is_named(observed: Any, wanted: Any, reasons: list[str]) -> None:
    """Scene 6."""
    found = differences("cls_1", {**OBSERVED, **observed}, wanted)

    assert [each.reason for each in found] == reasons


@pytest.mark.parametrize(
    ("state", "ready", "text"),
    [
        ("ready", (True, True, True), "Cluster blue is ready: Kubernetes 1.33.5, 3 nodes Ready."),
        ("ready", (True,), "Cluster blue is ready: Kubernetes 1.33.5, 1 node Ready."),
        (
            "degraded",
            (True, False),
            "Cluster blue is degraded. 1 of 2 nodes is Ready; look at: system.",
        ),
        ("stopped", (True,), "Cluster blue is stopped."),
        ("upgrading", (True,), "Cluster blue is being upgraded."),
        ("lost", (True,), "Cluster blue is lost: Azure has it no more."),
        ("resting", (True,), "Cluster blue is resting."),
    ],
)
def test_a_summary_is_a_plain_sentence(state: str, ready: tuple[bool, ...], text: str) -> None:
    facts = _facts(reader=_reader("watching", *ready), pools=[_pool(count=len(ready))])

    assert summary("blue", state, "1.33.5", spec.merged(None, judge(facts, NOW), NOW)) == text


@pytest.mark.parametrize(
    ("state", "ready", "text"),
    [
        ("ready", (True, True), "Pool system is ready: Kubernetes 1.33.5, 2 nodes Ready."),
        ("degraded", (True, False), "Pool system is degraded. Ready nodes: 1 of 2."),
        ("deleting", (True,), "Pool system is being deleted."),
        ("stopped", (True,), "Pool system is stopped."),
        ("lost", (), "Pool system is lost: Azure has it no more."),
    ],
)
def test_a_pools_summary_is_made_as_its_clusters_is(state: str, ready: tuple[bool, ...], text: str) -> None:
    facts = _facts(reader=_reader("watching", *ready), pools=[_pool(count=len(ready))])
    kept = spec.merged(None, judge(facts, NOW), NOW)
    own = pool_conditions("system", None, NOW, kept)

    assert pool_summary("system", state, "1.33.5", pool_nodes("system", kept), own) == text


def test_a_summary_of_what_was_never_seen_claims_nothing() -> None:
    assert summary("blue", "ready", None, None) == "Cluster blue is ready."


@pytest.mark.parametrize("state", list(ClusterState))
def test_each_state_is_of_one_kind(state: ClusterState) -> None:
    """docs/states.md shows this table."""
    assert sum(state in kind for kind in (AT_REST, UNDER_WAY, LEAVING)) == 1
    assert not (state in CHANGEABLE and state in STOPPED | LEAVING | {ClusterState.FAILED, ClusterState.LOST})
    assert SERVING <= CHANGEABLE


@pytest.mark.parametrize(
    ("state", "word", "after"),
    [
        ("ready", "Upgrading", "upgrading"),
        ("degraded", "Updating", "updating"),
        ("ready", "Stopping", "stopping"),
        ("stopped", "Starting", "starting"),
        ("ready", "Rebalancing", "updating"),
        ("lost", "Updating", "updating"),
        ("failed", "Updating", "failed"),
        ("creating", "Updating", "creating"),
        ("deleting", "Deleting", "deleting"),
    ],
)
def test_azures_word_turns_a_state_at_rest_only(state: str, word: str, after: str) -> None:
    """Trouble 10, scene 14."""
    assert while_azure_is(state, word) == after


def test_statuses_are_written_as_kubernetes_writes_them() -> None:
    assert [str(each) for each in Status] == ["True", "False", "Unknown"]
