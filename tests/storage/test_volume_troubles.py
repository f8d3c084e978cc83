"""What goes wrong on the way of a volume: each time the cause is told, with what can be done."""

from typing import Any

import pytest

from app.azure.types.storage import NetworkRules
from tests.storage.bound import GROUP, Stage, check
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE


async def test_what_stands_against_it_is_told_before_anything_is_made(slipway: Slipway) -> None:
    """A namespace that is absent or ends, names of others, an account that shuts the nodes out: nothing is made."""
    stage = await Stage.open(slipway)
    await stage.inside.add_namespace("leaving")
    namespace = await stage.inside.send("GET", "/api/v1/namespaces/leaving")
    namespace["metadata"]["finalizers"] = ["example.com/hold"]
    await stage.inside.send("PUT", "/api/v1/namespaces/leaving", namespace)
    await stage.inside.send("DELETE", "/api/v1/namespaces/leaving")
    claims = "/api/v1/namespaces/default/persistentvolumeclaims"
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteMany"], "resources": resources, "storageClassName": ""}
    await stage.inside.send("POST", claims, {"metadata": {"name": "theirs"}, "spec": spec})
    await stage.share("shut", networks=NetworkRules(allow_all=False))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"namespace": "nowhere"}, "namespace_not_found"),
        ({"namespace": "leaving"}, "kubernetes_namespace_ending"),
        ({"name": "theirs"}, "claim_not_ours"),
        ({"share": {"id": "shut"}}, "network_shuts_nodes_out"),
    ]
    for number, (body, code) in enumerate(cases):
        job, volume = await stage.try_(**{"name": f"v{number}", **body})
        assert (job["state"], job["problem"]["code"]) == ("failed", code), job
        assert job["problem"]["remedy"]
        assert (volume["state"], volume["problem"]["code"]) == ("failed", code)
    # All that is wrong at once.
    job, _ = await stage.try_(name="all", namespace="nowhere", share={"id": "shut"})
    assert {error["code"] for error in job["problem"]["errors"]} == {"namespace_not_found", "network_shuts_nodes_out"}
    for kind in ("persistentvolumes", "persistentvolumeclaims", "secrets"):
        assert await stage.names(kind) == []


async def test_a_secret_or_claim_of_others_is_never_touched(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    secrets = "/api/v1/namespaces/default/secrets"
    await stage.inside.send("POST", secrets, {"metadata": {"name": "slipway-accmedia"}, "stringData": {"a": "b"}})
    before = await stage.inside.send("GET", f"{secrets}/slipway-accmedia")
    job, volume = await stage.try_()
    assert job["problem"]["code"] == "secret_not_ours"
    assert (await stage.remove(volume))["state"] == "succeeded"
    assert await stage.inside.send("GET", f"{secrets}/slipway-accmedia") == before


async def test_a_handle_that_another_volume_has_is_refused(slipway: Slipway) -> None:
    """Two volumes with one handle."""
    stage = await Stage.open(slipway)
    job, volume = await stage.try_(namespace="nowhere")
    assert job["state"] == "failed"
    csi = {"driver": "file.csi.azure.com", "volumeHandle": f"{GROUP}#accmedia#media##{volume['id']}#nowhere"}
    spec = {"accessModes": ["ReadWriteMany"], "capacity": {"storage": "1Gi"}, "csi": csi, "storageClassName": ""}
    await stage.inside.send("POST", "/api/v1/persistentvolumes", {"metadata": {"name": "theirs"}, "spec": spec})
    await stage.inside.add_namespace("nowhere")
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["problem"]["code"] == "handle_taken"
    assert check(await stage.diagnose(volume), "handle")["state"] == "problem"
    await stage.inside.send("DELETE", "/api/v1/persistentvolumes/theirs")
    healed = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert healed["state"] == "succeeded", healed
    assert (await stage.read(volume["id"]))["problem"] is None


@pytest.mark.parametrize(
    ("trouble", "cause", "code"),
    [
        ({"networkAcls": {"defaultAction": "Deny"}}, "network", "network_shuts_nodes_out"),
        ({"publicNetworkAccess": "Disabled"}, "network", "network_shuts_nodes_out"),
        ({"allowSharedKeyAccess": False}, "key", "shared_keys_disabled"),
    ],
)
async def test_the_doctor_finds_what_shuts_out_a_pod(
    slipway: Slipway, trouble: dict[str, Any], cause: str, code: str
) -> None:
    """Trouble 67: firewall and keys, changed in the portal since the volume was made."""
    stage = await Stage.open(slipway)
    volume = await stage.bind()
    await stage.change(**trouble)
    await stage.run_pod()
    assert "mount error(13)" in await stage.pod_fails()
    found = await stage.diagnose(volume)
    assert not found["healthy"]
    assert (check(found, cause)["state"], check(found, cause)["code"]) == ("problem", code)
    assert found["summary"] == check(found, cause)["detail"]
    assert check(found, "pods")["code"] == "permission_denied"
    assert check(found, cause)["remedy"]


async def test_the_doctor_finds_a_stale_key_and_tells_none(slipway: Slipway) -> None:
    """Troubles 63 and 67: somebody turned the key in the portal."""
    stage = await Stage.open(slipway)
    volume = await stage.bind()
    old = await stage.key()
    await stage.azure.storage.accounts.regenerate_key(GROUP, "accmedia", "key1", call=stage.call())
    await stage.run_pod()
    assert "mount error(13)" in await stage.pod_fails()
    found = await stage.diagnose(volume)
    assert (found["healthy"], check(found, "key")["code"]) == (False, "key_stale")
    assert check(found, "network")["state"] == "ok"
    for key in (old, await stage.key(), await stage.key("key2")):
        assert key not in str(found)


async def test_the_doctor_finds_a_secret_and_a_share_that_are_gone(slipway: Slipway) -> None:
    """Trouble 67; and deletes in the wrong order."""
    stage = await Stage.open(slipway)
    volume = await stage.bind()
    await stage.inside.send("DELETE", "/api/v1/namespaces/default/secrets/slipway-accmedia")
    await stage.azure.storage.shares.delete(GROUP, "accmedia", "media", call=stage.call())
    await stage.run_pod()
    await stage.pod_fails()
    found = await stage.diagnose(volume)
    assert {each["code"] for each in found["findings"] if each["state"] == "problem"} >= {
        "secret_missing",
        "share_gone",
    }
    assert found["findings"][0]["check"] == "secret"


async def test_what_was_deleted_outside_is_made_again_by_a_retry_and_removed_by_a_delete(slipway: Slipway) -> None:
    """Deletes in the wrong order: the claim is gone, its PersistentVolume released."""
    stage = await Stage.open(slipway)
    job, volume = await stage.try_()
    claims = "/api/v1/namespaces/default/persistentvolumeclaims"
    await stage.inside.send("DELETE", f"{claims}/data")
    asked = {"name": "other", "share": {"id": "media"}}
    assert (await stage.bind(**asked))["state"] == "bound"
    assert check(await stage.diagnose(volume), "claim")["code"] == "claim_gone"
    assert (await stage.remove(volume))["state"] == "succeeded"
    assert len(await stage.names("persistentvolumes")) == 1
    again, _ = await stage.try_()
    assert again["state"] == "succeeded", again
    assert job["id"] != again["id"]


async def test_a_full_share_is_said_and_does_not_keep_it_from_being_bound(slipway: Slipway) -> None:
    """A share that is 100% full."""
    stage = await Stage.open(slipway)
    cloud = slipway.azure.azure.cloud

    async def fill() -> None:
        share = next(each for each in cloud.store if each.id.lower().endswith("/shares/media"))
        share.internal["used_bytes"] = 100 * 1024**3

    slipway.azure.call(fill())
    volume = await stage.bind()
    assert any("full" in each for each in volume["warnings"]), volume
    assert check(await stage.diagnose(volume), "capacity")["code"] == "share_full"


async def test_a_share_far_away_works_and_is_said(slipway: Slipway) -> None:
    """SMB across locations."""
    stage = await Stage.open(slipway)
    await stage.share("far", location="northeurope")
    volume = await stage.bind(name="far", share={"id": "far"})
    assert "northeurope" in volume["warnings"][0]
    assert check(await stage.diagnose(volume), "location")["state"] == "warning"


async def test_nfs_over_a_standard_account_is_refused_with_all_that_is_wrong(slipway: Slipway) -> None:
    """Trouble 68: NFS on a standard account, and with secure transfer."""
    stage = await Stage.open(slipway)
    await stage.share("exports", protocol="NFS", https_only=True, networks=NetworkRules())
    job, _ = await stage.try_(name="nfs", share={"id": "exports"})
    assert job["problem"]["code"] == "nfs_https_only"


async def test_a_deletion_waits_for_pods_when_it_is_asked_to(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    volume = await stage.bind()
    await stage.run_pod()
    assert await stage.pod_runs()
    path = f"/v1/clusters/blue/volumes/{volume['id']}?on_blocked=wait"
    job_id = await slipway.accepted("DELETE", path)
    job: dict[str, Any] = {}
    while job.get("state") != "waiting":
        job = (await slipway.ask("GET", f"/v1/jobs/{job_id}?wait=1")).json()
    assert "web" in job["progress"]
    await stage.inside.send("DELETE", "/api/v1/namespaces/default/pods/web?gracePeriodSeconds=0")
    assert (await slipway.ended(job_id))["state"] == "succeeded"
