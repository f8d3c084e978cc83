"""D, E, C, L: the rows are whole, the feed is complete, secrets are nowhere, nothing grows."""

from collections import Counter, defaultdict

from app.models import ClusterState, ExposureState
from tests.soak.evidence import Evidence
from tests.soak.history import Outcome

_MOST_MEGABYTES = 400
_MOST_THREADS = 100
_MOST_FILES = 250
_MOST_WAL = 80 * 1024 * 1024
_FACTS = {
    "cluster.create": "cluster.ready",
    "cluster.update": "cluster.updated",
    "cluster.scale": "cluster.scaled",
    "cluster.upgrade": "cluster.upgraded",
    "cluster.stop": "cluster.stopped",
    "cluster.start": "cluster.started",
    "cluster.rotate_certificates": "cluster.certificates_rotated",
    "cluster.reconcile": "cluster.reconciled",
    "cluster.abort": "cluster.aborted",
    "cluster.run_command": "cluster.command_run",
    "cluster.reset_aad": "cluster.aad_reset",
    "cluster.reset_service_principal": "cluster.service_principal_reset",
    "node_pool.create": "node_pool.ready",
    "node_pool.update": "node_pool.updated",
    "node_pool.rotate": "node_pool.rotated",
    "node_pool.delete": "node_pool.deleted",
    "node_pool.upgrade": "node_pool.upgraded",
    "node_pool.delete_machines": "node_pool.machines_deleted",
}
"""What is told when a job of a kind has succeeded, and never else."""
_ENDED_STEPS = {"succeeded", "skipped"}


def rows_are_sound(evidence: Evidence) -> list[str]:
    """D1: the database says so of itself."""
    return [f"D1: {text}" for text in evidence.broken_rows]


def acknowledged_is_there(evidence: Evidence) -> list[str]:
    """D2: every acknowledged write is in the rows."""
    found = []
    for operation in evidence.history.operations:
        if operation.outcome is not Outcome.ACKNOWLEDGED or operation.cluster_id is None:
            continue
        cluster = evidence.clusters.get(operation.cluster_id)
        if cluster is None:
            found.append(f"D2: operation {operation.number} ({operation.verb}): its cluster has no row")
        elif operation.verb == "tag" and operation.facts["tag"] not in cluster["wanted"]["tags"]:
            found.append(f"D2: operation {operation.number}: its tag {operation.facts['tag']} is lost")
    return found


def versions_rise(evidence: Evidence) -> list[str]:
    """D3: a version never falls and rises with the state; of two changes with one ETag one wins at most."""
    found = []
    last: dict[str, tuple[int, str]] = {}
    for look in evidence.looks:
        for cluster_id, (version, state) in look.clusters.items():
            before, was = last.get(cluster_id, (version, state))
            if version < before or (state != was and version == before):
                found.append(f"D3: cluster {cluster_id} went from version {before} ({was}) to {version} ({state})")
            last[cluster_id] = (version, state)
    races: dict[int, list[str]] = defaultdict(list)
    for operation in evidence.history.operations:
        if "race" not in operation.facts:
            continue
        stored = any(operation.facts["tag"] in row["wanted"]["tags"] for row in evidence.clusters.values())
        if stored:
            races[operation.facts["race"]].append(operation.facts["tag"])
    found += [f"D3: with one ETag two changes were made: {tags}" for tags in races.values() if len(tags) > 1]
    return found


def facts_come_together(evidence: Evidence) -> list[str]:
    """D4: the end of a job, its steps, its cluster's row and the events tell the same."""
    found = []
    told = {(event["job_id"], event["type"]) for event in evidence.events}
    for step in evidence.steps:
        job = evidence.jobs[step["job_id"]]
        if step["finished_at"] is None and job["finished_at"] is not None:
            found.append(f"D4: job {job['id']} ({job['state']}) has ended, its step {step['name']} has not")
        if job["state"] == "succeeded" and step["state"] not in _ENDED_STEPS:
            found.append(f"D4: job {job['id']} succeeded, its step {step['name']} is {step['state']}")
    for job in evidence.jobs.values():
        fact = _FACTS.get(job["kind"])
        if fact is not None and (job["state"] == "succeeded") != ((job["id"], fact) in told):
            found.append(f"D4: job {job['id']} is {job['state']}, and of {fact} the events say the opposite")
        if (job["id"], "job.queued") not in told:
            found.append(f"D4: job {job['id']} has no event of its beginning")
    return found


def names_are_freed_once(evidence: Evidence) -> list[str]:
    """D5: a name belongs to one living cluster of a project, and to none after the deletion."""
    living = Counter(
        (row["project_id"], row["name"].lower()) for row in evidence.clusters.values() if row["deleted_at"] is None
    )
    found = [f"D5: {name} names {times} living clusters" for name, times in living.items() if times > 1]
    deleted = Counter(event["subject_id"] for event in evidence.events if event["type"] == "cluster.deleted")
    for cluster_id, row in evidence.clusters.items():
        gone = row["state"] == ClusterState.DELETED
        if gone != (row["deleted_at"] is not None) or deleted[cluster_id] != int(gone):
            found.append(
                f"D5: cluster {cluster_id} is {row['state']} and was told {deleted[cluster_id]} times as deleted"
            )
    return found


def exposures_go_with_their_clusters(evidence: Evidence) -> list[str]:
    """D6: of a cluster that is gone no exposure is left, and none that is gone has an address."""
    found = []
    for row in evidence.exposures:
        gone = evidence.clusters[row["cluster_id"]]["deleted_at"] is not None
        if gone and row["deleted_at"] is None:
            found.append(f"D6: {row['id']} ({row['state']}) outlives its cluster {row['cluster_id']}")
        if row["deleted_at"] is not None and (row["addresses"] or row["state"] != ExposureState.DELETED):
            found.append(f"D6: {row['id']} is deleted, {row['state']}, and has {row['addresses']}")
    return found


def feed_is_complete(evidence: Evidence) -> list[str]:
    """E1: whoever follows the cursor sees every event once, in order."""
    found = []
    for tenant, seen in evidence.feeds.items():
        project = evidence.projects[tenant]
        all_ = [event["id"] for event in evidence.events if event["project_id"] == project]
        if seen != all_:
            twice = [event for event, times in Counter(seen).items() if times > 1]
            missing, strange = set(all_) - set(seen), set(seen) - set(all_)
            found.append(f"E1: tenant {tenant}: missing {missing}, twice {twice}, unknown {strange}, or out of order")
    return found


def secrets_are_nowhere(evidence: Evidence) -> list[str]:
    """C1: no secret is in the database, a log or a process's arguments; C2: each kubeconfig has its record."""
    found = [f"C1: {text}" for text in evidence.found_secrets]
    given = sum(
        operation.outcome is Outcome.ACKNOWLEDGED
        for operation in evidence.history.operations
        if operation.verb == "credential"
    )
    if len(evidence.credentials) < given:
        found.append(f"C2: {given} kubeconfigs were given out, and {len(evidence.credentials)} recorded")
    return found


def nothing_grows(evidence: Evidence) -> list[str]:
    """L1: at the end no transaction is open, and processes and files are small."""
    found = []
    if evidence.open_transactions:
        found.append(f"L1: {evidence.open_transactions} transactions are open")
    if evidence.wal_bytes > _MOST_WAL:
        found.append(f"L1: the write-ahead log has {evidence.wal_bytes} bytes")
    found += [
        f"L1: {held}"
        for held in evidence.footprints
        if held.megabytes > _MOST_MEGABYTES or held.threads > _MOST_THREADS or held.files > _MOST_FILES
    ]
    if len(evidence.engine) > len(evidence.jobs):
        found.append(f"L1: the engine has {len(evidence.engine)} rows for {len(evidence.jobs)} jobs")
    return found
