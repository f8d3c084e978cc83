"""A delete does not wait for what Azure is at: the job makes way, and what it began goes with the cluster."""

from typing import Any

import pytest

from tests.support.database import ONE_DATABASE
from tests.support.whole import CLUSTER, Slipway

pytestmark = ONE_DATABASE

PUT = "ManagedClusters_CreateOrUpdate"


async def test_a_cancel_aborts_in_azure_and_a_delete_supersedes(slipway: Slipway) -> None:
    """Troubles 5 and 16: the running create makes way at once, and what it began goes with the delete."""
    slipway.azure.add_fault("stuck_operation", operation=PUT)
    create = await slipway.accepted("POST", "/v1/clusters", CLUSTER)
    await slipway.until_step(create, "await_cluster")

    await slipway.done("DELETE", "/v1/clusters/blue")

    job = (await slipway.ask("GET", f"/v1/jobs/{create}")).json()
    assert job["state"] == "canceled"
    assert job["problem"]["code"] == "superseded_by_delete"
    assert slipway.leftovers() == []


@pytest.mark.parametrize(
    ("verb", "body", "step"),
    [("scale", {"count": 2}, "await_scale"), ("upgrade", {"kubernetes_version": "latest"}, "await_pool")],
)
async def test_a_delete_supersedes_a_change_that_is_stuck(
    slipway: Slipway, verb: str, body: dict[str, Any], step: str
) -> None:
    """Trouble 5: a cluster that Azure is updating goes too; what is stuck there is aborted with it."""
    await slipway.create()
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    change = await slipway.accepted("POST", f"/v1/clusters/blue:{verb}", body)
    await slipway.until_step(change, step)

    await slipway.done("DELETE", "/v1/clusters/blue")

    job = (await slipway.ask("GET", f"/v1/jobs/{change}")).json()
    assert (job["state"], job["problem"]["code"]) == ("canceled", "superseded_by_delete")
    assert len(slipway.azure.requests(operation="AgentPools_AbortLatestOperation")) == 1
    assert slipway.leftovers() == []
