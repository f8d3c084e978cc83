"""A: Azure holds what was asked for, once, and nothing else; O4: and was never asked out of turn."""

from collections import Counter
from datetime import datetime, timedelta

from app.models import ClusterState
from tests.soak.evidence import Evidence, Row

_TOO_MANY = 429
_CONFLICT = 409
# The relay and Azure read the clock one after the other.
_CLOCKS = timedelta(seconds=0.1)


_ABOUT_TAGS = ("cluster.create", "cluster.update", "cluster.reconcile")
_ABOUT_POOLS = (
    *("cluster.create", "cluster.scale", "cluster.reconcile"),
    *(f"node_pool.{verb}" for verb in ("create", "update", "rotate", "delete", "delete_machines")),
)
"""Kinds of jobs after which the counts of nodes in Azure are as wanted."""
_ABOUT_ENTRA = ("cluster.create", "cluster.reset_aad", "cluster.reconcile")
_ABOUT_PRINCIPAL = ("cluster.create", "cluster.reset_service_principal", "cluster.reconcile")


def created_once(evidence: Evidence) -> list[str]:
    """A1: one job makes a cluster at most once."""
    made = Counter(
        (_job_of(entry), entry["path"].lower())
        for entry in evidence.azure_log
        if entry["operation"] == "ManagedClusters_CreateOrUpdate" and entry["effect"] == "created"
    )
    return [f"A1: job {job} created {path} {times} times" for (job, path), times in made.items() if times > 1]


def nothing_is_left(evidence: Evidence) -> list[str]:
    """A2: after all was deleted Azure holds nothing of ours.

    But for a group that one project made and in which another one's clusters lay last: it is the first one's to remove,
    whose row shows it.
    """
    kept = {(row["project_id"], row["name"]) for row in evidence.groups if row["managed"] and row["deleted_at"] is None}
    users = {(row["project_id"], row["resource_group"].lower()) for row in evidence.clusters.values()}
    found = []
    for entry in evidence.azure_left:
        tags, name = entry.get("tags", {}), entry["id"].rpartition("/")[2].lower()
        owner = tags.get("slipway-project")
        if "/publicipaddresses/kubernetes-a" in entry["id"].lower():
            found.append(f"A2: the address {entry['id']} of a Service is left in Azure")
        shared = any(group == name and project != owner for project, group in users)
        if tags.get("managed-by") == "slipway" and not (shared and (owner, name) in kept):
            found.append(f"A2: {entry['id']} is left in Azure")
    return found


def strangers_are_untouched(evidence: Evidence) -> list[str]:
    """A3: what does not carry our tags has not changed at all."""
    before, after = evidence.sentinels
    return [] if before and before == after else [f"A3: what belongs to others has changed: {before} to {after}"]


def succeeded_means_done(evidence: Evidence) -> list[str]:
    """A4: after a success Azure's object, the row and what the API shows say the same."""
    found = []
    held = _held(evidence)
    for cluster_id, row in evidence.wanted.items():
        if row["state"] != ClusterState.READY:
            continue
        address = _address(row)
        azure = held.get(address)
        shown = evidence.shown[cluster_id]
        if azure is None:
            found.append(f"A4: {row['name']} is ready, and Azure has no such cluster")
            continue
        wanted = row["wanted"]
        counts = {pool["name"]: pool["count"] for pool in wanted["pools"]}
        tags = {key: value for key, value in azure["tags"].items() if not key.startswith(("slipway-", "managed-by"))}
        jobs = _jobs(evidence, row)
        if _last_succeeded(jobs, *_ABOUT_TAGS) and tags != wanted["tags"]:
            found.append(f"A4: {row['name']}: the row wants the tags {wanted['tags']}, Azure has {tags}")
        # A pool that took another's place has a name of its own in Azure.
        names = {pool["azure_name"].lower(): pool["name"] for pool in shown["node_pools"]}
        pools = f"{address}/agentpools/"
        in_azure = {
            names.get(each.removeprefix(pools), each.removeprefix(pools)): entry.get("properties", {}).get("count")
            for each, entry in held.items()
            if each.startswith(pools) and "/" not in each.removeprefix(pools)
        }
        if _last_succeeded(jobs, *_ABOUT_POOLS) and in_azure != counts:
            found.append(f"A4: {row['name']}: the row wants {counts} nodes, Azure has {in_azure}")
        if shown["tags"] != wanted["tags"] or {p["name"]: p["count"] for p in shown["node_pools"]} != counts:
            found.append(
                f"A4: {row['name']}: the API shows {shown['tags']} and {shown['node_pools']}, the row {wanted}"
            )
    return found


def access_is_as_wanted(evidence: Evidence) -> list[str]:
    """A4: who logs in through Entra, and as which application a cluster acts, is the same in Azure and in the row."""
    found = []
    held = _held(evidence)
    for row in evidence.wanted.values():
        azure = held.get(_address(row))
        if row["state"] != ClusterState.READY or azure is None:
            continue
        jobs, properties = _jobs(evidence, row), azure.get("properties", {})
        settings = row["wanted"].get("settings", {})
        entra = (settings.get("access") or {}).get("entra") or {}
        groups = (properties.get("aadProfile") or {}).get("adminGroupObjectIDs")
        if _last_succeeded(jobs, *_ABOUT_ENTRA) and groups != entra.get("admin_group_ids"):
            found.append(f"A4: {row['name']}: the row wants the admins {entra}, Azure has {groups}")
        principal = (settings.get("identity") or {}).get("service_principal")
        client_id = (properties.get("servicePrincipalProfile") or {}).get("clientId")
        if principal and _last_succeeded(jobs, *_ABOUT_PRINCIPAL) and client_id != principal["client_id"]:
            found.append(f"A4: {row['name']}: the row wants the application {principal}, Azure has {client_id}")
    return found


def _held(evidence: Evidence) -> dict[str, Row]:
    """What Azure held, by what follows `/resourceGroups/` in its id."""
    return {entry["id"].lower().partition("/resourcegroups/")[2]: entry for entry in evidence.azure_held}


def _address(row: Row) -> str:
    return f"{row['resource_group']}/providers/Microsoft.ContainerService/managedClusters/{row['azure_name']}".lower()


def _jobs(evidence: Evidence, row: Row) -> list[Row]:
    """A cluster's jobs when it was looked at."""
    return [job for job in evidence.jobs_of(row["id"]) if job["created_at"] <= row["looked_at"]]


def _last_succeeded(jobs: list[Row], *kinds: str) -> bool:
    """Whether the last job that could change this has succeeded."""
    able = [job for job in jobs if job["kind"] in kinds]
    return bool(able) and able[-1]["state"] == "succeeded"


def azure_is_not_pressed(evidence: Evidence) -> list[str]:
    """A5: no 429 that we caused, and who is told to wait waits."""
    log = evidence.azure_log
    refused = [entry for entry in log if entry["status"] == _TOO_MANY]
    found = [
        f"A5: 429 that no fault caused: {entry['method']} {entry['path']}" for entry in refused if not entry["fault"]
    ]
    seconds = min((fault["retry_after"] for fault in evidence.throttles), default=0)
    for entry in refused:
        told_at = _time(entry) + timedelta(milliseconds=entry["milliseconds"])
        for later in log:
            if _job_of(later) is None or _caller(later) != _caller(entry) or _time(later) <= _time(entry):
                continue
            if _time(later) < told_at + timedelta(seconds=seconds) - _CLOCKS:
                found.append(f"A5: {later['method']} {later['path']} came {_time(later) - told_at} after a 429")
    return found


def _caller(entry: Row) -> tuple[str | None, str, str]:
    """A job under one epoch and what it asks: whoever takes it over may not have heard the 429."""
    name = entry["headers"].get("x-ms-client-request-id", "")
    return name.rpartition(".")[0], entry["method"], entry["path"].lower()


def turns_are_kept(evidence: Evidence) -> list[str]:
    """O4: no 409 OperationNotAllowed that we caused.

    What a job leaves under way in Azure when it ends without success (canceled, past its deadline) is no fault of the
    job after it: that one waits its turn. So only a 409 counts before which every job of the cluster had succeeded.
    """
    found = []
    for entry in evidence.azure_log:
        job = evidence.jobs.get(_job_of(entry) or "")
        if (
            entry["status"] != _CONFLICT
            or entry["fault"]
            or job is None
            or "/managedclusters/" not in entry["path"].lower()
        ):
            continue
        before = [other for other in evidence.jobs_of(job["target_id"]) if other["id"] < job["id"]]
        if all(other["state"] == "succeeded" for other in before) and not entry["path"].lower().endswith("/abort"):
            found.append(
                f"O4: 409 for {entry['method']} {entry['path']} of {job['kind']} {job['id']} at {entry['time']}"
            )
    return found


def _job_of(entry: Row) -> str | None:
    name = entry["headers"].get("x-ms-client-request-id", "")
    return name.partition(".")[0] if name.count(".") == 2 else None  # noqa: PLR2004 - job, epoch, number


def _time(entry: Row) -> datetime:
    return datetime.fromisoformat(entry["time"])
