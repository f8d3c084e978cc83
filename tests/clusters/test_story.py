"""A cluster's life, from HTTP to Azure and back."""

from tests.support.whole import Slipway


async def test_a_cluster_is_made_proven_changed_and_removed_with_its_group(slipway: Slipway) -> None:
    """Trouble 19: ready means that the API answers, all nodes are Ready and the system pods run."""
    created = await slipway.create(tags={"team": "payments"})

    assert created["state"] == "succeeded", created
    assert created["summary"].startswith("Cluster blue is ready: Kubernetes 1.")
    assert created["percent"] == 100
    assert created["outcome"]["nodes_ready"] == 1
    assert created["outcome"]["system_pods_ready"] > 0
    assert created["outcome"]["outbound_ips"]
    cluster = await slipway.cluster()
    assert cluster["state"] == "ready"
    assert cluster["outbound_ips"] == created["outcome"]["outbound_ips"]
    assert cluster["node_pools"][0]["observed"]["count"] == 1
    assert cluster["observed"]["tags"]["team"] == "payments"
    assert slipway.puts() == 1

    scaled = await slipway.done("POST", "/v1/clusters/blue:scale", {"count": 2})
    assert scaled["outcome"] == {"pool": "system", "count": 2, "nodes_ready": 2}

    await slipway.done("PATCH", "/v1/clusters/blue", {"tags": {"team": None, "cost": "42"}})
    tags = (await slipway.cluster())["observed"]["tags"]
    assert "team" not in tags
    assert tags["cost"] == "42"
    assert tags["managed-by"] == "slipway"

    offers = await slipway.ask("GET", "/v1/versions?location=westeurope")
    version = next(
        item for item in offers.json()["items"] if item["version"] == created["outcome"]["kubernetes_version"]
    )
    upgraded = await slipway.done("POST", "/v1/clusters/blue:upgrade", {"kubernetes_version": version["upgrades"][-1]})
    assert upgraded["outcome"]["kubernetes_version"] == version["upgrades"][-1]
    assert (await slipway.cluster())["kubernetes_version"] == version["upgrades"][-1]

    synced = await slipway.done("POST", "/v1/clusters/blue:sync")
    assert synced["outcome"]["provisioning_state"] == "Succeeded"

    await slipway.done("DELETE", "/v1/clusters/blue")
    assert (await slipway.ask("GET", "/v1/clusters/blue")).status_code == 404
    gone = await slipway.ask("GET", f"/v1/clusters/{cluster['id']}")
    assert gone.json()["state"] == "deleted"
    assert slipway.leftovers() == []


async def test_a_job_shows_each_step_with_the_ids_that_azures_support_asks_for(slipway: Slipway) -> None:
    """Trouble 12: the operation's address and ids are kept before the first poll."""
    job = await slipway.create()

    steps = await slipway.steps(job["id"])

    assert list(steps) == [
        "begin_create",
        "check_provider",
        "ensure_resource_group",
        "record_resource_group",
        "check_room",
        "put_cluster",
        "await_cluster",
        "read_cluster",
        "prove_cluster",
        "record_ready",
    ]
    assert {step["state"] for step in steps.values()} == {"succeeded"}
    change = steps["put_cluster"]["azure"]["change"]
    assert change["client_request_id"].startswith(f"{job['id']}.1.")
    assert change["correlation_id"]


async def test_events_tell_the_story_once_and_in_order(slipway: Slipway) -> None:
    await slipway.create()

    # On a slow machine it takes longer than expected, which is told too.
    told = [event["type"] for event in await slipway.events() if event["type"] != "job.overdue"]

    assert told == [
        "cluster.create_requested",
        "job.queued",
        "job.started",
        "resource_group.ready",
        "cluster.ready",
        "job.succeeded",
    ]


async def test_a_group_with_another_cluster_in_it_stays(slipway: Slipway) -> None:
    await slipway.create(name="one", resource_group="shared")
    await slipway.create(name="two", resource_group="shared")

    await slipway.done("DELETE", "/v1/clusters/one")

    assert (await slipway.cluster("two"))["state"] == "ready"
    await slipway.done("DELETE", "/v1/clusters/two")
    log = slipway.azure.requests(operation="ResourceGroups_Delete")
    assert [entry.path.rsplit("/", 1)[-1] for entry in log if entry.status == 202] == ["shared"]


async def test_windows_pools_run_beside_linux_and_no_password_is_kept(slipway: Slipway) -> None:
    pools = [
        {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 1},
        {"name": "win", "os_type": "Windows", "size": "Standard_D4s_v5", "count": 1},
    ]
    job = await slipway.create(node_count=None, node_size=None, node_pools=pools)

    assert job["state"] == "succeeded", job
    assert job["outcome"]["nodes_ready"] == 2


async def test_a_job_that_only_waits_for_acceptance_ends_early_and_the_cluster_follows(slipway: Slipway) -> None:
    """Trouble 19: `wait_for=accepted` ends with Azure's acceptance."""
    job = await slipway.create(options={"wait_for": "accepted"})

    assert job["state"] == "succeeded"
    assert job["outcome"] == {"accepted": True}
    assert (await slipway.cluster())["state"] == "creating"
    for _ in range(100):
        await slipway.done("POST", "/v1/clusters/blue:sync")
        if (await slipway.cluster())["state"] == "ready":
            return
    raise AssertionError("The comparison with Azure did not find the cluster ready")


async def test_a_change_may_end_with_azures_acceptance_too(slipway: Slipway) -> None:
    await slipway.create()

    job = await slipway.done("POST", "/v1/clusters/blue:scale", {"count": 2, "options": {"wait_for": "accepted"}})

    assert job["outcome"] == {"accepted": True}
    assert "await_scale" not in await slipway.steps(job["id"])
    for _ in range(100):
        await slipway.done("POST", "/v1/clusters/blue:sync")
        cluster = await slipway.cluster()
        if cluster["state"] == "ready":
            break
    assert cluster["state"] == "ready"
    assert cluster["node_pools"][0]["observed"]["count"] == 2
