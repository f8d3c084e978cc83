"""What vanishes from Azure is lost and not made again, what comes back is found, what others changed is reported."""

import asyncio
from typing import Any

from app.clusters.observe import observe_all, observe_conditions, observe_versions
from tests.clusters.azure_by_itself import arm, azure_id, set_word, write
from tests.support.whole import CLUSTER, Slipway, reading

TWO_POOLS = {
    "node_count": None,
    "node_size": None,
    "node_pools": [
        {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 1},
        {"name": "workers", "size": "Standard_D4s_v5", "count": 1},
    ],
}


async def _look(slipway: Slipway) -> None:
    await observe_all(slipway.parts.database, slipway.parts.gateways.azure, slipway.parts.clock)


async def _types(slipway: Slipway) -> list[str]:
    return [event["type"] for event in await slipway.events()]


def _condition(found: dict[str, Any], type_: str) -> dict[str, Any]:
    return next(each for each in found["conditions"] if each["type"] == type_)


async def _hidden(slipway: Slipway, ending: str) -> list[Any]:
    """Take what Azure has under an id out of sight; the records, to be put back."""

    async def take() -> list[Any]:
        store = slipway.azure.azure.cloud.store
        records = [record for record in store if record.id.lower().endswith(ending)]
        for record in records:
            store.remove(record.id)
        return records

    return slipway.azure.call(take())


async def _back(slipway: Slipway, records: list[Any]) -> None:
    async def put() -> None:
        for record in records:
            slipway.azure.azure.cloud.store.put(record)

    slipway.azure.call(put())


async def test_a_cluster_that_vanished_is_lost_refuses_changes_and_is_found_when_it_is_back(slipway: Slipway) -> None:
    """trouble 30"""
    await slipway.create()
    hidden = await _hidden(slipway, "/managedclusters/blue")
    puts = slipway.puts()

    await _look(slipway)
    await _look(slipway)

    cluster = await slipway.cluster()
    assert cluster["state"] == "lost"
    assert cluster["summary"] == "Cluster blue is lost: Azure has it no more."
    refused = await slipway.ask("PATCH", "/v1/clusters/blue", {"tags": {"a": "b"}})
    assert (refused.status_code, refused.json()["code"]) == (409, "cluster_not_ready")
    assert "Azure has it no more" in refused.json()["detail"]
    assert slipway.puts() == puts
    await _back(slipway, hidden)
    await _look(slipway)
    await _look(slipway)
    assert (await slipway.cluster())["state"] == "ready"
    assert [(await _types(slipway)).count(each) for each in ("cluster.lost", "cluster.found")] == [1, 1]


async def _deleted_by_others(slipway: Slipway) -> str:
    """Have another client delete the cluster; its ARM id."""
    cluster_id = await azure_id(slipway)
    arm(slipway, "DELETE", cluster_id)
    for _ in range(200):
        if not any(found.lower() == cluster_id.lower() for found in slipway.leftovers()):
            return cluster_id
        await asyncio.sleep(0.05)
    raise AssertionError(slipway.leftovers())


async def test_the_name_of_a_lost_cluster_is_free_after_its_deletion(slipway: Slipway) -> None:
    """trouble 30: what a caller may do with it."""
    await slipway.create()
    await _deleted_by_others(slipway)
    await _look(slipway)
    assert (await slipway.cluster())["state"] == "lost"
    taken = await slipway.ask("POST", "/v1/clusters", CLUSTER)
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")

    await slipway.done("DELETE", "/v1/clusters/blue")

    again = await slipway.create()
    assert again["state"] == "succeeded", again
    assert (await slipway.cluster())["state"] == "ready"


async def test_somebody_elses_cluster_of_the_name_is_not_the_lost_one(slipway: Slipway) -> None:
    await slipway.create()
    cluster_id = await _deleted_by_others(slipway)
    arm(
        slipway,
        "PUT",
        cluster_id,
        {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "dnsPrefix": "theirs",
                "agentPoolProfiles": [{"name": "one", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}],
            },
        },
    )

    await _look(slipway)

    assert (await slipway.cluster())["state"] == "lost"


async def test_what_others_changed_is_reported_and_left_alone(slipway: Slipway) -> None:
    """Scene 6, trouble 27: an unknown pool, a newer version, tags that were removed."""
    await slipway.create(kubernetes_version="1.32.7", tags={"team": "red"})
    cluster_id = await azure_id(slipway)
    pool = {"properties": {"mode": "User", "count": 1, "vmSize": "Standard_D4s_v5"}}
    arm(slipway, "PUT", f"{cluster_id}/agentPools/portal", pool)

    def change(body: dict[str, Any]) -> None:
        body["tags"].pop("team")
        body["properties"]["currentKubernetesVersion"] = "1.33.5"

    write(slipway, "/managedclusters/blue", change)
    for _ in range(100):
        await _look(slipway)
        found = await slipway.cluster()
        if found["state"] == "ready" and found["unmanaged_node_pools"]:
            break
        await asyncio.sleep(0.05)

    assert [each["azure_name"] for each in found["unmanaged_node_pools"]] == ["portal"]
    assert [each["azure_name"] for each in found["node_pools"]] == ["system"]
    wanted = _condition(found, "AsWanted")
    assert (wanted["status"], wanted["reason"]) == ("False", "UnmanagedNodePool")
    for words in ("node pool portal", "team", "newer than 1.32.7"):
        assert words in wanted["message"]
    assert found["state"] == "ready"
    puts = slipway.puts()
    for _ in range(10):
        await _look(slipway)
    assert slipway.puts() == puts
    assert slipway.azure.requests(operation="AgentPools_Delete") == []
    assert (await _types(slipway)).count("cluster.condition_changed") == 1


async def test_a_cluster_without_its_owners_tags_is_seen_and_not_changed(slipway: Slipway) -> None:
    """Scene 6: it is still there, and Slipway changes nothing that does not say that it is its own."""
    await slipway.create()
    owned: dict[str, str] = {}

    def take(body: dict[str, Any]) -> None:
        owned.update(body["tags"])
        body["tags"] = {}

    write(slipway, "/managedclusters/blue", take)
    await _look(slipway)

    cluster = await slipway.cluster()
    assert cluster["state"] == "ready"
    assert _condition(cluster, "AsWanted")["reason"] == "OwnerTagsRemoved"
    job = await slipway.ended(await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2}))
    assert (job["state"], job["problem"]["code"]) == ("failed", "cluster_not_ours")
    write(slipway, "/managedclusters/blue", lambda body: body["tags"].update(owned))
    await _look(slipway)
    assert _condition(await slipway.cluster(), "AsWanted")["status"] == "True"


async def test_a_pool_that_vanished_is_lost_and_found_and_keeps_no_other_from_being_changed(slipway: Slipway) -> None:
    """Troubles 8 and 30."""
    await slipway.create(**TWO_POOLS)
    hidden = await _hidden(slipway, "/agentpools/workers")
    await _look(slipway)

    cluster = await slipway.cluster()
    states = {pool["name"]: pool["state"] for pool in cluster["node_pools"]}
    assert states == {"system": "ready", "workers": "lost"}
    assert cluster["state"] == "degraded"
    assert "Node pool workers is lost." in cluster["summary"]
    scaled = await slipway.ended(
        await slipway.accepted("POST", "/v1/clusters/blue:scale", {"count": 2, "node_pool": "system"})
    )
    assert scaled["state"] == "succeeded", scaled
    assert (await slipway.cluster())["state"] == "degraded"
    await _back(slipway, hidden)
    await _look(slipway)
    assert (await slipway.cluster())["state"] == "ready"
    assert [(await _types(slipway)).count(each) for each in ("node_pool.lost", "node_pool.found")] == [1, 1]


async def test_a_failed_pool_does_not_keep_another_from_being_changed(slipway: Slipway) -> None:
    """trouble 8"""
    await slipway.create(**TWO_POOLS)
    set_word(slipway, "Failed", "/agentpools/workers")
    await _look(slipway)
    assert (await slipway.cluster())["state"] == "degraded"

    body = {"labels": {"tier": "core"}}
    job = await slipway.ended(await slipway.accepted("PATCH", "/v1/clusters/blue/node-pools/system", body))

    assert job["state"] == "succeeded", job
    pools = {pool["name"]: pool for pool in (await slipway.cluster())["node_pools"]}
    assert (pools["workers"]["state"], pools["system"]["state"]) == ("failed", "ready")
    assert _condition(pools["workers"], "Provisioned")["status"] == "False"
    assert _condition(pools["system"], "Provisioned")["status"] == "True"


async def test_what_the_reader_sees_becomes_conditions_and_a_summary(slipway: Slipway) -> None:
    await slipway.create()
    etag = (await slipway.ask("GET", "/v1/clusters/blue")).headers["ETag"]
    await observe_versions(slipway.parts.database, slipway.parts.catalog_source)
    async with reading(slipway):
        for _ in range(200):
            await observe_conditions(slipway.parts.database, slipway.parts.clock)
            answer = await slipway.ask("GET", "/v1/clusters/blue")
            if _condition(answer.json(), "NodesReady")["status"] == "True":
                break
            await asyncio.sleep(0.05)

    cluster = answer.json()
    assert _condition(cluster, "ControlPlaneReachable")["status"] == "True"
    assert _condition(cluster, "CertificateValid")["reason"] == "Valid"
    assert _condition(cluster, "VersionSupported")["reason"] == "Supported"
    version = cluster["kubernetes_version"]
    assert cluster["summary"] == f"Cluster blue is ready: Kubernetes {version}, 1 node Ready."
    assert [each["type"] for each in cluster["node_pools"][0]["conditions"]] == [
        "Provisioned",
        "NodesReady",
        "VersionSupported",
    ]
    assert answer.headers["ETag"] == etag
    listed = (await slipway.ask("GET", "/v1/clusters")).json()["items"][0]
    assert listed["summary"] == cluster["summary"]
