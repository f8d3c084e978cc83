"""S2: what must have been seen over all seeds; a soak in which one never happened proves little."""

from tests.soak.evidence import Evidence

_PRECONDITION_FAILED = 412
_TOO_MANY = 429

SITUATIONS = (
    "takeover",
    "repeated step",
    "commit with lost answer",
    "cancel in flight",
    "412",
    "Retry-After obeyed",
    "drain",
    "key rotated",
    "admins changed",
    "application changed",
    "machine removed",
)
_DONE = {
    "key rotated": "storage_account.rotate_key",
    "admins changed": "cluster.reset_aad",
    "application changed": "cluster.reset_service_principal",
    "machine removed": "node_pool.delete_machines",
}
"""Those that are a job of a kind that has succeeded."""


def seen(evidence: Evidence) -> set[str]:
    """Which of them this run has met."""
    operations = evidence.history.operations
    canceled = {job["id"] for job in evidence.jobs.values() if job["state"] == "canceled"}
    done = {job["kind"] for job in evidence.jobs.values() if job["state"] == "succeeded"}
    met = {
        "takeover": '"jobs_taken_over"' in evidence.logs,
        "repeated step": any(step["attempts"] > 1 for step in evidence.steps),
        # Sent once without an answer, and the repeat was told what the first had done.
        "commit with lost answer": any(
            operation.lost and operation.accepted is not None and operation.accepted.replayed
            for operation in operations
        ),
        "cancel in flight": any(step["job_id"] in canceled for step in evidence.steps),
        "412": any(operation.status == _PRECONDITION_FAILED for operation in operations),
        "Retry-After obeyed": any(entry["status"] == _TOO_MANY for entry in evidence.azure_log),
        "drain": '"jobs_handed_back"' in evidence.logs,
        **{situation: kind in done for situation, kind in _DONE.items()},
    }
    return {name for name, happened in met.items() if happened}
