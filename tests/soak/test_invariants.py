"""Each invariant holds for a run in which all went well, and speaks for the one thing that is wrong with it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.processes.wire import Sent
from tests.soak.evidence import Evidence, Footprint, Looked
from tests.soak.history import Answer, History
from tests.soak.invariants.catalog import INVARIANTS, violations
from tests.soak.invariants.jobs import clusters_take_turns

_T = datetime(2026, 11, 26, 12, tzinfo=UTC)
_PATH = "/subscriptions/s/resourceGroups/shared/providers/Microsoft.ContainerService/managedClusters/c0"


def _at(seconds: float) -> datetime:
    return _T + timedelta(seconds=seconds)


def _job(number: int, kind: str, begins: float, ends: float) -> dict[str, Any]:
    return {
        "id": f"job_{number}",
        "kind": kind,
        "target_id": "cls_1",
        "target_name": "c0",
        "partition": "cluster:cls_1",
        "state": "succeeded",
        "epoch": 1,
        "created_at": _at(number),
        "started_at": _at(begins),
        "finished_at": _at(ends),
        "deadline_at": _at(begins + 60),
    }


def _event(number: int, job: str, type_: str) -> dict[str, Any]:
    return {"id": f"evt_{number}", "project_id": "prj_1", "job_id": job, "type": type_, "subject_id": "cls_1"}


def _entry(job: str, operation: str, method: str, at: float, **more: Any) -> dict[str, Any]:
    return {
        "time": _at(at).isoformat(),
        "method": method,
        "path": _PATH,
        "headers": {"x-ms-client-request-id": f"{job}.1.1"},
        "operation": operation,
        "status": 200,
        "effect": None,
        "fault": None,
        "milliseconds": 1.0,
        **more,
    }


def _good() -> Evidence:
    """A cluster that was created, tagged and is ready: two jobs, one after the other."""
    history = History()
    create = history.add(0, "create", "POST", "/v1/clusters", key="key-0")
    create.hear(Answer(202, '{"job": {"id": "job_1"}, "resource": {"id": "cls_1"}}'))
    tag = history.add(0, "tag", "PATCH", "/v1/clusters/c0", facts={"tag": "op1", "race": 1})
    tag.hear(Answer(202, '{"job": {"id": "job_2"}, "resource": {"id": "cls_1"}}'))
    jobs = [_job(1, "cluster.create", 1, 10), _job(2, "cluster.update", 11, 15)]
    settings = {"access": {"entra": {"admin_group_ids": ["g1"]}}, "identity": {"service_principal": {"client_id": "a"}}}
    wanted = {"tags": {"op1": "x"}, "pools": [{"name": "system", "count": 1}], "settings": settings}
    access = {"aadProfile": {"adminGroupObjectIDs": ["g1"]}, "servicePrincipalProfile": {"clientId": "a"}}
    cluster: dict[str, Any] = {"id": "cls_1", "project_id": "prj_1", "name": "c0", "state": "ready", "wanted": wanted}
    cluster |= {"resource_group": "shared", "azure_name": "c0", "deleted_at": None, "looked_at": _at(20)}
    types = ("job.queued", "cluster.ready", "job.succeeded"), ("job.queued", "cluster.updated", "job.succeeded")
    events = [_event(10 * n + m, f"job_{n + 1}", type_) for n, told in enumerate(types) for m, type_ in enumerate(told)]
    return Evidence(
        history,
        looks=[Looked(_at(2), {"job_1": "running"}, {"cls_1": (1, "creating")}), _look("succeeded", 2, "ready")],
        feeds={0: [event["id"] for event in events]},
        projects=["prj_1"],
        jobs={job["id"]: job for job in jobs},
        steps=[{"job_id": "job_1", "name": "put_cluster", "state": "succeeded", "finished_at": _at(5), "attempts": 1}],
        events=events,
        clusters={"cls_1": cluster},
        engine={"job_1": "SUCCESS", "job_2": "SUCCESS"},
        sent=[Sent("PUT", _PATH, "job_1.1.1", _at(3), 201), Sent("PATCH", _PATH, "job_2.1.1", _at(12), 200)],
        azure_log=[_entry("job_1", "ManagedClusters_CreateOrUpdate", "PUT", 3, status=201, effect="created")],
        azure_held=[
            {
                "id": _PATH,
                "tags": {"op1": "x", "managed-by": "slipway", "slipway-job": "job_1"},
                "properties": access,
            },
            {"id": f"{_PATH}/agentPools/system", "properties": {"count": 1}},
        ],
        sentinels=([{"id": "theirs"}], [{"id": "theirs"}]),
        shown={"cls_1": {"tags": {"op1": "x"}, "node_pools": [{"name": "system", "azure_name": "system", "count": 1}]}},
        wanted={"cls_1": cluster},
        footprints=[Footprint("worker", 100, 30, 40)],
    )


def _look(job: str, version: int, state: str) -> Looked:
    return Looked(_at(16), {"job_1": job}, {"cls_1": (version, state)})


def _outlive(evidence: Evidence, deleted_at: datetime | None, state: str) -> None:
    evidence.clusters["cls_1"].update(state="deleted", deleted_at=_at(19))
    row: dict[str, Any] = {
        "id": "exp_1",
        "cluster_id": "cls_1",
        "deleted_at": deleted_at,
        "state": state,
        "addresses": [{}],
    }
    evidence.exposures.append(row)


def _repeat(evidence: Evidence, status: int, text: str) -> None:
    evidence.history.operations[0].hear(Answer(status, text, replayed=True))


def _race(evidence: Evidence) -> None:
    evidence.history.add(0, "tag", "PATCH", "/v1/clusters/c0", facts={"tag": "op2", "race": 1})
    evidence.clusters["cls_1"]["wanted"]["tags"]["op2"] = "x"


def _throttled(evidence: Evidence) -> None:
    evidence.throttles = [{"retry_after": 2}]
    for at, status in ((4, 429), (5, 200)):
        more = {"status": status, "fault": "throttle"}
        evidence.azure_log.append(_entry("job_2", "ManagedClusters_UpdateTags", "PATCH", at, **more))


WRONG: dict[str, tuple[str, Callable[[Evidence], Any]]] = {
    "an accepted job without a row": ("J1", lambda e: e.jobs.pop("job_2")),
    "a job that has not ended": ("J1", lambda e: e.jobs["job_2"].update(state="running", finished_at=None)),
    "a job far past its deadline": ("J1", lambda e: e.jobs["job_2"].update(finished_at=_at(200))),
    "an end that changed": ("J2", lambda e: e.looks.append(_look("running", 2, "ready"))),
    "two events of one end": ("J2", lambda e: e.events.append(_event(99, "job_1", "job.failed"))),
    "a job that the engine still runs": ("J3", lambda e: e.engine.update(job_1="PENDING")),
    "a job that the engine alone knows": ("J3", lambda e: e.engine.update(job_9="SUCCESS")),
    "another answer to one key": ("J4", lambda e: _repeat(e, 202, '{"job": {"id": "job_2"}}')),
    "a refusal after the acceptance": ("J4", lambda e: _repeat(e, 409, '{"code": "name_taken"}')),
    "a change after the end": ("J5", lambda e: e.sent.append(Sent("DELETE", _PATH, "job_1.1.9", _at(16)))),
    "two jobs of a cluster at once": ("O1", lambda e: e.jobs["job_1"].update(finished_at=_at(13))),
    "jobs in another order": ("O2", lambda e: e.jobs["job_1"].update(created_at=_at(3))),
    "a change under an old epoch": (
        "O3",
        lambda e: e.sent.extend([Sent("GET", _PATH, "job_2.2.1", _at(13)), Sent("PUT", _PATH, "job_2.1.2", _at(14))]),
    ),
    "a cluster that was created twice": ("A1", lambda e: e.azure_log.append(e.azure_log[0])),
    "something left behind": ("A2", lambda e: e.azure_left.append({"id": "x", "tags": {"managed-by": "slipway"}})),
    "an address of a Service left behind": (
        "A2",
        lambda e: e.azure_left.append({"id": "/x/providers/Microsoft.Network/publicIPAddresses/kubernetes-a1"}),
    ),
    "a stranger's resource that changed": ("A3", lambda e: e.sentinels[1].append({"id": "new"})),
    "other tags in Azure": ("A4", lambda e: e.azure_held[0]["tags"].pop("op1")),
    "another number of nodes in Azure": ("A4", lambda e: e.azure_held[1]["properties"].update(count=3)),
    "other admins in Azure": ("A4", lambda e: e.azure_held[0]["properties"]["aadProfile"].clear()),
    "another application in Azure": (
        "A4",
        lambda e: e.azure_held[0]["properties"]["servicePrincipalProfile"].update(clientId="b"),
    ),
    "a reset without its event": ("D4", lambda e: e.jobs["job_2"].update(kind="cluster.reset_aad")),
    "machines removed without their event": ("D4", lambda e: e.jobs["job_2"].update(kind="node_pool.delete_machines")),
    "a ready cluster that is not there": ("A4", lambda e: e.azure_held.clear()),
    "another cluster shown": ("A4", lambda e: e.shown["cls_1"].update(tags={})),
    "a 429 that no fault caused": ("A5", lambda e: e.azure_log[0].update(status=429)),
    "a Retry-After that was not obeyed": ("A5", _throttled),
    "a 409 out of turn": ("O4", lambda e: e.azure_log[0].update(status=409)),
    "a broken row": ("D1", lambda e: e.broken_rows.append("row 7 missing from index")),
    "an acknowledged tag that is lost": ("D2", lambda e: e.clusters["cls_1"].update(wanted={"tags": {}, "pools": []})),
    "a version that fell": ("D3", lambda e: e.looks.append(_look("succeeded", 1, "ready"))),
    "two changes with one ETag": ("D3", _race),
    "an open step of an ended job": ("D4", lambda e: e.steps[0].update(finished_at=None)),
    "a success without its event": ("D4", lambda e: e.events.pop(1)),
    "a name that two have": ("D5", lambda e: e.clusters.update(cls_2={**e.clusters["cls_1"], "id": "cls_2"})),
    "an exposure that outlives its cluster": ("D6", lambda e: _outlive(e, None, "ready")),
    "an exposure that is gone and has an address": ("D6", lambda e: _outlive(e, _at(20), "deleted")),
    "an event that a reader missed": ("E1", lambda e: e.feeds[0].pop(2)),
    "an event that came twice": ("E1", lambda e: e.feeds[0].append("evt_12")),
    "a secret in a log": ("C1", lambda e: e.found_secrets.append("slw_… is in 1-serve.log")),
    "a Secret that opens nothing": ("S1", lambda e: e.shut_secrets.append("default/slipway-a does not open it")),
    "an open transaction": ("L1", lambda e: setattr(e, "open_transactions", 1)),
    "a process that grew": ("L1", lambda e: e.footprints.append(replace(e.footprints[0], megabytes=900))),
}


def test_a_run_in_which_all_went_well_violates_nothing() -> None:
    assert violations(_good()) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found(wrong: str) -> None:
    name, spoil = WRONG[wrong]
    evidence = _good()
    spoil(evidence)
    assert name in {text[:2] for text in violations(evidence)}


def _abandoned() -> Evidence:
    """A job whose worker has died, and that is canceled while the abort that was asked for behind it is at work."""
    evidence = _good()
    evidence.jobs["job_1"].update(state="canceled", finished_at=_at(13))
    evidence.jobs["job_2"].update(kind="cluster.abort")
    return evidence


def test_an_abort_may_begin_before_the_end_of_the_job_that_it_aborts() -> None:
    assert clusters_take_turns(_abandoned()) == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda e: e.jobs["job_2"].update(kind="cluster.update"), id="it is no abort"),
        pytest.param(lambda e: e.jobs["job_1"].update(state="succeeded"), id="the job was not aborted"),
        pytest.param(lambda e: e.sent.append(Sent("PUT", _PATH, "job_1.1.2", _at(12.5))), id="the job goes on"),
    ],
)
def test_any_other_job_must_not(spoil: Callable[[Evidence], Any]) -> None:
    evidence = _abandoned()
    spoil(evidence)
    assert [text[:2] for text in clusters_take_turns(evidence)] == ["O1"]


@pytest.mark.parametrize(("kind", "found"), [("cluster.abort", []), ("cluster.update", ["O2"])])
def test_an_abort_alone_may_come_before_what_was_asked_for_earlier(kind: str, found: list[str]) -> None:
    evidence = _good()
    evidence.jobs["job_1"].update(kind=kind, created_at=_at(3))
    assert [text[:2] for text in clusters_take_turns(evidence)] == found


def test_every_invariant_is_shown_to_speak() -> None:
    silent = {invariant.__name__ for invariant in INVARIANTS}
    for _, spoil in WRONG.values():
        evidence = _good()
        spoil(evidence)
        silent -= {invariant.__name__ for invariant in INVARIANTS if invariant(evidence)}
    assert silent == set()
