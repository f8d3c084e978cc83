"""Rights of the cluster's identity, looked at before its controller misses them (trouble 56)."""

from typing import Any

from app.emulator.core.network_documents import VIRTUAL_NETWORK, part_id, resource
from app.emulator.core.store import Resource
from tests.load_balancers.addresses import READER, grant
from tests.load_balancers.exposed import Stage, addresses_of
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

LACKS = "cluster_identity_lacks_role"
PUT_ROLE = "RoleAssignments_Create"


async def test_an_address_in_a_group_where_the_identity_has_no_role_is_told_before_anything_is_made(
    slipway: Slipway,
) -> None:
    """Trouble 56: role, scope and command; nothing is granted, and a retry goes on once it was."""
    stage = await Stage.open(slipway)
    await stage.reserve("gateway", granted=False)
    group = stage.group_id("addresses")
    grant(slipway.azure, group, READER)

    job, exposure = await stage.try_(public_ip={"id": "gateway"})

    problem = job["problem"]
    assert (job["state"], problem["code"], problem["class"]) == ("failed", LACKS, "permission"), job
    assert [error["pointer"] for error in problem["errors"]] == ["/public_ip/id"]
    assert "lacks Microsoft.Network/publicIPAddresses/join/action on /subscriptions/" in problem["detail"]
    assert "az role assignment create --assignee-object-id" in problem["remedy"]
    # The controller lists the addresses of the group, so that a role on the one address is too little.
    assert problem["remedy"].endswith(f'--role "Network Contributor" --scope {group}')
    assert exposure["pending"]["remedy"] == problem["remedy"]
    assert await stage.inside.services() == []
    assert slipway.azure.requests(operation=PUT_ROLE) == []
    grant(slipway.azure, group)
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again


async def test_a_role_on_the_address_alone_is_too_little_and_one_that_cannot_be_read_is_no_reason(
    slipway: Slipway,
) -> None:
    """Troubles 56 and 75: only a certain no blocks."""
    stage = await Stage.open(slipway)
    await stage.reserve("gateway", granted=False)
    group = stage.group_id("addresses")
    grant(slipway.azure, f"{group}/providers/Microsoft.Network/publicIPAddresses/gateway")
    job, exposure = await stage.try_(public_ip={"id": "gateway"})
    assert (job["problem"]["code"], f"publicIPAddresses/read on {group}" in job["problem"]["detail"]) == (LACKS, True)
    slipway.azure.add_fault("forbid", operation="RoleAssignments_ListForScope")
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again
    await stage.remove(await stage.read(exposure["id"]))


async def test_an_address_where_the_clusters_identity_may_not_write_is_said_with_role_scope_and_command(
    slipway: Slipway,
) -> None:
    """Trouble 56: a right that goes after the look: the controller's event is told with role, scope and command."""
    stage = await Stage.open(slipway)
    await stage.reserve("gateway")
    stage.fault("forbid", "*", path="/resourceGroups/addresses/")
    job, exposure = await stage.try_(public_ip={"id": "gateway"})
    assert (job["state"], job["problem"]["code"], job["problem"]["class"]) == (
        "failed", "azure_authorization_failed", "permission",
    )  # fmt: skip
    remedy = job["problem"]["remedy"]
    assert "az role assignment create --assignee-object-id" in remedy
    assert '--role "Network Contributor" --scope /subscriptions/' in remedy
    assert "/resourceGroups/addresses/" in remedy
    assert exposure["pending"]["remedy"] == remedy
    slipway.azure.clear_faults()
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again


NETWORK_PREFIXES = {"nodes": "10.9.0.0/24", "apps": "10.9.1.0/24"}


async def put_cluster_into_own_network(stage: Stage) -> str:
    """Let the pools lie in a virtual network of the caller's; return its id."""
    slipway = stage.slipway
    network_id = f"{stage.group_id('net')}/providers/{VIRTUAL_NETWORK}/corp"
    subnets = [
        {"id": part_id(network_id, "subnets", name), "name": name, "properties": {"addressPrefix": prefix}}
        for name, prefix in NETWORK_PREFIXES.items()
    ]
    properties: dict[str, Any] = {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}, "subnets": subnets}

    async def put() -> None:
        cloud = slipway.azure.azure.cloud
        group = {"id": stage.group_id("net"), "name": "net", "location": "westeurope"}
        group["properties"] = {"provisioningState": "Succeeded"}  # type: ignore[assignment] # a document
        cloud.store.put(Resource(stage.group_id("net"), "Microsoft.Resources/resourceGroups", group, cloud.now()))
        body = resource(network_id, VIRTUAL_NETWORK, "westeurope", properties)
        cloud.store.put(Resource(network_id, VIRTUAL_NETWORK, body, cloud.now()))
        for pool in cloud.store.of_type("Microsoft.ContainerService/managedClusters/agentPools"):
            pool.body["properties"]["vnetSubnetID"] = subnets[0]["id"]

    slipway.azure.call(put())
    await slipway.done("POST", "/v1/clusters/blue:sync")
    return network_id


async def test_an_internal_address_of_ones_own_network_is_checked_there_with_the_right_to_its_subnet(
    slipway: Slipway,
) -> None:
    """Trouble 56: subnet and address are looked for in the caller's virtual network, then the role on the subnet."""
    stage = await Stage.open(slipway)
    network_id = await put_cluster_into_own_network(stage)
    subnet = part_id(network_id, "subnets", "apps")
    wrong = [
        ({"subnet": "nothing"}, "subnet_not_found"),
        ({"subnet": "apps", "private_address": "10.9.0.9"}, "private_address_not_in_subnet"),
        # Without a name the pools' own subnet is meant.
        ({"private_address": "10.9.1.9"}, "private_address_not_in_subnet"),
        ({"subnet": "apps", "private_address": "10.9.1.9"}, LACKS),
    ]
    for number, (body, code) in enumerate(wrong):
        job, _ = await stage.try_(name=f"inner-{number}", internal=True, **body)
        assert (job["state"], job["problem"]["code"]) == ("failed", code), job
    assert [error["pointer"] for error in job["problem"]["errors"]] == ["/subnet"]
    assert job["problem"]["remedy"].endswith(f"--scope {subnet}")
    grant(slipway.azure, subnet)

    exposure = await stage.expose(name="inner", internal=True, subnet="apps", private_address="10.9.1.9")

    assert addresses_of(exposure) == ["10.9.1.9"]
    job, _ = await stage.try_(name="second", internal=True, subnet="apps", private_address="10.9.1.9")
    assert job["problem"]["code"] == "private_address_taken"


async def test_rights_are_asked_only_for_what_lies_elsewhere(slipway: Slipway) -> None:
    """What the cluster's own group holds costs no call more."""
    stage = await Stage.open(slipway)
    await stage.expose()
    await stage.expose(name="inner", internal=True)
    await stage.expose(name="kept", public_ip={"make": True})
    assert slipway.azure.requests(operation="RoleAssignments_ListForScope") == []
