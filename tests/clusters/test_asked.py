"""What may still go on in Azure, by what a job's steps have noted, as a table."""

from typing import Any

import pytest

from app.clusters.specs.asked import Going, going, may_have_been_taken

CLUSTER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/blue"
POOL = f"{CLUSTER}/agentPools/work"


def sent(path: str, status: int | None = 202, **more: Any) -> dict[str, Any]:
    return {"change": {"method": "PUT", "path": path, "status": status}, **more}


ENDED = {"read": {}, "ended": True}


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([], None),
        ([None, {"read": {}}], None),
        ([None, sent(CLUSTER)], Going(None)),
        ([sent(f"{CLUSTER}/stop")], Going(None)),
        ([sent(POOL, None)], Going("work")),
        ([sent(f"{POOL}/deleteMachines", 502)], Going("work")),
        ([sent(POOL, 409)], None),
        ([{"change": {"path": POOL, "status": None, "sent": False}}], None),
        # Seen to its end, and the next one asked for since.
        ([ENDED, sent(POOL)], None),
        ([{"read": {}}, ENDED, sent(POOL)], None),
        ([sent(POOL), ENDED, sent(CLUSTER)], Going("work")),
        ([sent(POOL, ended=True)], None),
        ([sent(POOL, ended=False)], Going("work")),
        # What keeps Azure from nothing: whatever was asked before it goes on.
        ([sent(f"{CLUSTER}/runCommand"), sent(POOL)], Going("work")),
        ([sent(f"{CLUSTER}/maintenanceConfigurations/default")], None),
        ([sent("/subscriptions/s/resourceGroups/g")], None),
        # In the cluster itself.
        ([{"change": {"path": "/api/v1/nodes/n", "cluster_id": "c"}}], None),
    ],
)
def test_what_goes_on_is_what_no_step_has_seen_the_end_of(
    notes: list[dict[str, Any] | None], expected: Going | None
) -> None:
    assert going(notes) == expected


@pytest.mark.parametrize(("status", "taken"), [(None, True), (201, True), (500, True), (404, False), (429, False)])
def test_only_a_no_of_azures_says_that_nothing_was_taken(status: int | None, *, taken: bool) -> None:
    assert may_have_been_taken(sent(f"{CLUSTER}/runCommand", status)) is taken
