"""A cluster whose monitoring sends to a workspace that is not there: what Azure would fail is told, and not begun."""

import pytest

from tests.clusters.patching import in_azure
from tests.monitoring.monitored import AT, enabled, enabling, remove
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

OWN = "slipway-blue"
GROUP = "slipway-shop-blue"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/clusters/blue:scale", {"count": 2}),
        ("PATCH", "/v1/clusters/blue", {"tags": {"a": "b"}}),
        ("PATCH", "/v1/clusters/blue/outbound", {"managed_ip_count": 2}),
        ("POST", "/v1/clusters/blue:upgrade", {"kubernetes_version": "latest"}),
    ],
)
async def test_a_workspace_that_is_gone_is_said_before_the_cluster_is_changed(
    slipway: Slipway, method: str, path: str, body: dict[str, object]
) -> None:
    """Troubles 38 and 72, scene 10: recover it, and the change goes through."""
    await slipway.create()
    await enabled(slipway)
    await remove(slipway, GROUP, OWN)

    job = await slipway.ended(await slipway.accepted(method, path, body))
    assert (job["state"], job["problem"]["code"]) == ("failed", "workspace_gone")
    assert "recover: true" in job["problem"]["remedy"]
    assert "DELETE /v1/clusters/{id}/monitoring" in job["problem"]["remedy"]

    unasked = await enabling(slipway)
    assert (unasked["state"], unasked["problem"]["code"]) == ("failed", "workspace_deleted")
    await enabled(slipway, workspace={"recover": True})
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again


async def test_a_workspace_that_is_gone_is_found_by_the_rehearsal_of_an_upgrade(slipway: Slipway) -> None:
    """Troubles 38 and 72."""
    await slipway.create()
    await enabled(slipway)
    await remove(slipway, GROUP, OWN)

    answer = await slipway.ask("POST", "/v1/clusters/blue:upgrade?plan=true", {"kubernetes_version": "latest"})

    (found,) = [each for each in answer.json()["findings"] if each["code"] == "workspace_gone"]
    assert (found["severity"], found["subject"]) == ("blocking", "monitoring")
    assert OWN in found["detail"]
    assert "recover: true" in found["remedy"]


async def test_a_stopped_cluster_whose_workspace_is_gone_is_not_started(slipway: Slipway) -> None:
    """Troubles 38 and 72: a start that Azure would fail after minutes is not begun."""
    await slipway.create()
    await enabled(slipway)
    await slipway.done("POST", "/v1/clusters/blue:stop")
    await remove(slipway, GROUP, OWN)

    job = await slipway.ended(await slipway.accepted("POST", "/v1/clusters/blue:start"))

    assert (job["state"], job["problem"]["code"]) == ("failed", "workspace_gone")
    assert slipway.azure.requests(operation="ManagedClusters_Start") == []
    assert (await in_azure(slipway))["properties"]["powerState"] == {"code": "Stopped"}


async def test_a_workspace_that_is_gone_for_good_can_be_left(slipway: Slipway) -> None:
    """Trouble 72: monitoring can be turned off without it, and then the cluster can be changed."""
    await slipway.create()
    await enabled(slipway)
    await remove(slipway, GROUP, OWN, forever=True)

    job = await slipway.ended(await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2}))
    assert (job["state"], job["problem"]["code"]) == ("failed", "workspace_gone")
    assert "cannot be brought back" in job["problem"]["detail"]

    await slipway.done("DELETE", AT)
    await slipway.done("POST", "/v1/clusters/blue:scale", {"count": 2})
