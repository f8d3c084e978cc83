"""Volumes from the request to the pod that mounts them, and back."""

import yaml

from app.azure.types.storage import NetworkRules
from tests.storage.bound import Stage
from tests.storage.volume_rows import VOLUMES
from tests.support.whole import Slipway


async def test_a_volume_is_bound_mounted_by_a_pod_and_removed_in_order(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    job, volume = await stage.try_()
    assert job["state"] == "succeeded", job
    assert (volume["state"], volume["phase"], volume["secret"]) == ("bound", "Bound", "slipway-accmedia")
    assert job["outcome"]["pod_yaml"] == volume["pod_yaml"]
    assert yaml.safe_load(volume["pod_yaml"])["volumes"][0]["persistentVolumeClaim"] == {"claimName": "data"}
    assert list(await slipway.steps(job["id"])) == [
        "begin_volume",
        "check_volume",
        "read_active_key",
        "put_secret",
        "put_volume",
        "put_claim",
        "await_bound",
        "record_bound",
    ]
    assert await stage.secret_key() == await stage.key()
    await stage.run_pod()
    assert await stage.pod_runs()
    assert (await stage.diagnose(volume))["healthy"]

    refused = await stage.remove(volume)
    assert (refused["state"], refused["problem"]["code"]) == ("failed", "volume_in_use")
    assert "web" in refused["problem"]["detail"]
    kept = await stage.read(volume["id"])
    assert (kept["state"], kept["problem"]["code"]) == ("bound", "volume_in_use")
    await stage.inside.send("DELETE", "/api/v1/namespaces/default/pods/web?gracePeriodSeconds=0")
    gone = await stage.remove(volume)
    assert gone["state"] == "succeeded", gone
    changes = [
        step["azure"]["change"]["path"].split("/")[-2]
        for step in (await slipway.steps(gone["id"])).values()
        if (step["azure"] or {}).get("change")
    ]
    assert changes == ["persistentvolumeclaims", "persistentvolumes", "secrets"]
    for kind in ("persistentvolumes", "persistentvolumeclaims", "secrets"):
        assert await stage.names(kind) == []
    share = await stage.azure.storage.shares.get("files", "accmedia", "media", call=stage.call())
    assert share is not None
    assert [each["type"] for each in await slipway.events() if each["type"].startswith("volume.")] == [
        "volume.create_requested",
        "volume.bound",
        "volume.delete_requested",
        "volume.delete_failed",
        "volume.delete_requested",
        "volume.deleted",
    ]


async def test_volumes_of_one_account_share_a_secret_that_goes_with_the_last(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    one, two = await stage.bind(name="one"), await stage.bind(name="two", subdirectory="a/b", read_only=True)
    assert await stage.names("secrets") == ["slipway-accmedia"]
    assert len(await stage.names("persistentvolumes")) == 2
    for claim in ("one", "two"):
        await stage.run_pod(f"pod-{claim}", claim)
        assert await stage.pod_runs(f"pod-{claim}")
        await stage.inside.send("DELETE", f"/api/v1/namespaces/default/pods/pod-{claim}?gracePeriodSeconds=0")
    assert (await stage.remove(one))["state"] == "succeeded"
    assert await stage.names("secrets") == ["slipway-accmedia"]
    assert (await stage.remove(two))["state"] == "succeeded"
    assert await stage.names("secrets") == []


async def test_nfs_needs_no_secret_and_a_network_that_is_named(slipway: Slipway) -> None:
    """Trouble 68."""
    stage = await Stage.open(slipway)
    await stage.share(
        "exports", protocol="NFS", networks=NetworkRules(allow_all=False, subnet_ids=(await stage.subnet(),))
    )
    volume = await stage.bind(name="nfs", share={"id": "exports"})
    assert (volume["secret"], volume["auth"]) == (None, "none")
    assert await stage.names("secrets") == []
    await stage.run_pod(claim="nfs")
    assert await stage.pod_runs()
    assert (await stage.diagnose(volume))["healthy"]


async def test_a_cluster_takes_its_volumes_with_it_and_leaves_the_share(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    volume = await stage.bind()
    cluster_id = (await slipway.cluster())["id"]
    await slipway.done("DELETE", "/v1/clusters/blue")
    gone = await slipway.ask("GET", f"/v1/clusters/{cluster_id}/volumes/{volume['id']}")
    assert gone.json()["state"] == "deleted"
    share = await stage.azure.storage.shares.get("files", "accmedia", "media", call=stage.call())
    assert share is not None
    assert (await slipway.ask("GET", VOLUMES)).status_code == 404
