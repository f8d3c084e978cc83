"""A version that a PATCH names: what it means, and which is refused before there is a job."""

from typing import Any

from tests.clusters.patching import patch
from tests.clusters.test_upgrades import NEWEST, NEXT, OLD, UPGRADE, as_wanted, made
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

OLDER_PATCH = "1.32.8"


async def _refused(slipway: Slipway, version: str, **more: Any) -> dict[str, Any]:
    answer = await slipway.ask("PATCH", "/v1/clusters/blue", {"kubernetes_version": version, **more})
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/kubernetes_version"
    return dict(error)


async def test_what_no_upgrade_allows_is_refused_at_once_with_the_allowed_steps(slipway: Slipway) -> None:
    """Trouble 39."""
    await made(slipway, nodes=1)
    skipped = await _refused(slipway, NEWEST)
    assert skipped["code"] == "kubernetes_minor_skipped"
    assert f"{NEXT}, then {NEWEST}" in skipped["detail"]
    assert (await _refused(slipway, "1.40"))["code"] == "kubernetes_version_not_offered"
    assert (await _refused(slipway, OLDER_PATCH, tags={"team": "shop"}))["code"] == "kubernetes_downgrade"
    assert (await slipway.cluster())["tags"] == {}


async def test_a_minor_and_latest_mean_the_newest_patch_and_are_no_change_where_it_runs(slipway: Slipway) -> None:
    await made(slipway, version=OLDER_PATCH, nodes=1)
    to_patch = await patch(slipway, kubernetes_version="1.32")
    assert to_patch["changes"] == [{"op": "replace", "path": "/kubernetes_version", "value": "1.32"}]
    assert to_patch["end"]["outcome"]["kubernetes_version"] == OLD
    to_latest = await patch(slipway, kubernetes_version="latest")
    assert to_latest["end"]["outcome"]["kubernetes_version"] == NEXT
    await patch(slipway, kubernetes_version="latest")
    before = len(slipway.azure.requests())
    for version in ("latest", "1.34", NEWEST):
        answer = await slipway.ask("PATCH", "/v1/clusters/blue", {"kubernetes_version": version})
        assert (answer.status_code, answer.json()["job"], answer.json()["changes"]) == (200, None, []), answer.text
    assert len(slipway.azure.requests()) == before


async def test_a_version_is_judged_by_what_the_jobs_before_it_will_have_made(slipway: Slipway) -> None:
    await made(slipway, nodes=1)
    slipway.azure.add_fault("stuck_operation", operation="AgentPools_CreateOrUpdate")
    first = await slipway.accepted("POST", UPGRADE, {"kubernetes_version": NEXT})
    body = {"kubernetes_version": NEWEST}
    second = await slipway.accepted("PATCH", "/v1/clusters/blue", body)
    assert (await _refused(slipway, "1.36"))["code"] == "kubernetes_version_not_offered"
    assert (await _refused(slipway, "1.33"))["code"] == "kubernetes_downgrade"
    way_back = await slipway.ask("POST", UPGRADE, {"kubernetes_version": NEXT})
    assert way_back.json()["code"] == "kubernetes_downgrade"
    # The jobs before it will be asked to stop, and nobody knows where.
    replaced = await slipway.accepted("PATCH", "/v1/clusters/blue", {**body, "options": {"on_busy": "replace"}})
    assert [(await slipway.ended(job))["state"] for job in (first, second)] == ["canceled", "canceled"]
    await slipway.accepted("POST", f"/v1/jobs/{replaced}:cancel")
    await slipway.ended(replaced)


async def test_a_version_to_which_only_the_control_plane_has_come_is_wanted(slipway: Slipway) -> None:
    """Nobody else has brought it there: not where the job fails at a pool, and not where its retry does the rest."""
    await made(slipway, nodes=1)
    fault = {"operation": "AgentPools_CreateOrUpdate", "code": "AllocationFailed", "message": "no room"}
    slipway.azure.add_fault("fail_operation", **fault)
    asked = {"kubernetes_version": NEXT}
    failed = await slipway.ended(await slipway.accepted("PATCH", "/v1/clusters/blue", asked))
    assert (failed["state"], failed["problem"]["azure"]["code"]) == ("failed", "AllocationFailed")
    assert await as_wanted(slipway) == "AsWanted"

    await slipway.done("POST", f"/v1/jobs/{failed['id']}:retry")
    assert await as_wanted(slipway) == "AsWanted"
