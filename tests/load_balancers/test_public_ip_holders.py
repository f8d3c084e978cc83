"""Who has an address: never released while something has it, and the caller's never removed (troubles 54 and 55)."""

from tests.load_balancers.addresses import (
    ALL,
    DELETE,
    PUT,
    READER,
    adopted,
    grant,
    in_azure,
    make_foreign,
    observe,
    remove,
    reserved,
    shown,
    use,
)
from tests.load_balancers.exposed import Stage
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE


async def test_an_address_that_something_has_is_never_released(slipway: Slipway) -> None:
    """Trouble 54: what Azure shows right before the removal is what counts."""
    found = await reserved(slipway)
    front = use(slipway.azure, found["azure_id"])

    job = await slipway.ended(await slipway.accepted("DELETE", f"{ALL}/shop"))

    assert (job["state"], job["problem"]["code"]) == ("failed", "public_ip_in_use")
    assert front in job["problem"]["detail"]
    assert slipway.azure.requests(operation=DELETE) == []
    assert (await shown(slipway, "shop"))["state"] == "ready"
    remove(slipway.azure, front.partition("/frontendIPConfigurations")[0])
    await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry")
    assert (await slipway.done("DELETE", f"{ALL}/shop"))["outcome"]["azure"] == "removed"


async def test_an_address_of_outbound_traffic_is_refused_with_its_holder_and_moves_once_it_is_let_go(
    slipway: Slipway,
) -> None:
    """Troubles 54 and 55: taken, refused elsewhere, let go, free."""
    found = await reserved(slipway, "egress")
    await slipway.create()
    grant(slipway.azure, found["azure_id"])
    await slipway.done("PATCH", "/v1/clusters/blue/outbound", {"public_ips": ["egress"]})
    assert (await slipway.cluster())["outbound_ips"] == [found["address"]]
    assert (await shown(slipway, "egress"))["used_by"] | {"azure_id": None, "cluster_id": None} == {
        "kind": "outbound",
        "cluster": "blue",
        "cluster_id": None,
        "namespace": None,
        "name": None,
        "exposure_id": None,
        "azure_id": None,
    }

    refused = await slipway.ask("DELETE", f"{ALL}/egress")
    assert (refused.status_code, refused.json()["code"]) == (409, "public_ip_in_use")
    assert "the outbound traffic of the cluster blue" in refused.json()["detail"]

    await slipway.done("PATCH", "/v1/clusters/blue/outbound", {"managed_ip_count": 1})
    assert (await slipway.done("DELETE", f"{ALL}/egress"))["outcome"]["azure"] == "removed"


async def test_an_adopted_address_is_used_and_never_removed(slipway: Slipway) -> None:
    """Trouble 54, scene 12: the caller's address is the caller's."""
    azure_id = make_foreign(slipway.azure, "www", tags={"owner": "them"})

    found = await adopted(slipway, azure_id)

    assert (found["origin"], found["address"], found["location"]) == ("caller", "192.0.2.77", "westeurope")
    assert found["orphan"]["action"] == "forget"
    again = await slipway.ask("POST", f"{ALL}:adopt", {"azure_id": azure_id, "name": "other"})
    assert (again.status_code, again.json()["code"]) == (409, "public_ip_known")
    job = await slipway.done("DELETE", f"{ALL}/www")
    assert job["outcome"]["azure"] == "kept"
    stored = in_azure(slipway.azure, "www")
    assert stored is not None
    assert stored.body["tags"] == {"owner": "them"}
    assert slipway.azure.requests(operation=DELETE) == []


async def test_what_is_not_there_or_a_clusters_own_is_not_adopted(slipway: Slipway) -> None:
    await slipway.create()
    group = f"/subscriptions/{slipway.azure.subscription_id}/resourceGroups"
    job = await slipway.ended(
        await slipway.accepted(
            "POST",
            f"{ALL}:adopt",
            {"azure_id": f"{group}/edge/providers/Microsoft.Network/publicIPAddresses/none", "name": "none"},
        )
    )
    assert job["problem"]["code"] == "public_ip_absent"
    own = next(each for each in slipway.leftovers() if "/publicIPAddresses/" in each)
    job = await slipway.ended(await slipway.accepted("POST", f"{ALL}:adopt", {"azure_id": own, "name": "own"}))
    assert job["problem"]["code"] == "public_ip_of_cluster"


async def test_a_release_supersedes_the_reservation(slipway: Slipway) -> None:
    """Trouble 5."""
    slipway.azure.add_fault("stuck_operation", operation=PUT)
    reserving = await slipway.accepted("POST", ALL, {"name": "shop", "location": "westeurope"})

    await slipway.done("DELETE", f"{ALL}/shop")

    job = (await slipway.ask("GET", f"/v1/jobs/{reserving}")).json()
    assert (job["state"], job["problem"]["code"]) == ("canceled", "superseded_by_delete")
    assert in_azure(slipway.azure, "shop") is None


async def test_a_sweep_releases_only_what_is_ours_and_unused_for_long(slipway: Slipway) -> None:
    """Trouble 54: it proposes what nothing uses, and removes it on request alone."""
    await reserved(slipway, "young")
    await adopted(slipway, make_foreign(slipway.azure, "www"))

    answer = await slipway.ask("POST", f"{ALL}:sweep", {"unused_days": 1})

    assert answer.status_code == 200, answer.text
    assert answer.json()["jobs"] == []
    reasons = {kept["name"]: kept["reason"] for kept in answer.json()["kept"]}
    assert reasons == {
        "young": "Nothing has used it for a shorter time only.",
        "www": "Slipway did not make it, and never removes it.",
    }


async def test_an_address_that_an_exposure_asks_for_is_neither_released_nor_given_away(slipway: Slipway) -> None:
    """Troubles 54 and 55: the holder is named, wherever the address is asked for, and it is free once it was let go."""
    stage = await Stage.open(slipway)
    await stage.reserve("gateway")
    exposure = await stage.expose(public_ip={"id": "gateway"})
    await observe(slipway)
    used = (await shown(slipway, "gateway"))["used_by"]
    assert (used["kind"], used["exposure_id"]) == ("service", exposure["id"])

    released = await slipway.ask("DELETE", f"{ALL}/gateway")
    assert (released.status_code, released.json()["code"]) == (409, "public_ip_in_use")
    assert f"the Service {exposure['namespace']}/{exposure['name']}" in released.json()["detail"]
    outbound = await slipway.ask("PATCH", "/v1/clusters/blue/outbound", {"public_ips": ["gateway"]})
    assert (outbound.status_code, outbound.json()["code"]) == (409, "public_ip_in_use")
    assert [error["pointer"] for error in outbound.json()["errors"]] == ["/public_ips/0"]

    await stage.remove(exposure)
    grant(slipway.azure, f"/subscriptions/{slipway.azure.subscription_id}")
    # What was seen last still shows the old holder; the jobs look themselves.
    await slipway.done("PATCH", "/v1/clusters/blue/outbound", {"public_ips": ["gateway"]})
    refused = await slipway.ask(
        "POST",
        "/v1/clusters/blue/exposures",
        {
            "name": "late",
            "namespace": "default",
            "selector": {"app": "late"},
            "ports": [{"port": 80}],
            "public_ip": {"id": "gateway"},
        },
    )
    assert refused.status_code == 422
    assert [(error["code"], error["pointer"]) for error in refused.json()["errors"]] == [
        ("public_ip_in_use", "/public_ip/id")
    ]
    assert "the outbound traffic of the cluster blue" in refused.text


async def test_the_clusters_identity_needs_a_role_where_the_address_lies_elsewhere(slipway: Slipway) -> None:
    """Trouble 56: told before Azure is asked for anything, with role, scope and command; nothing is granted."""
    found = await reserved(slipway, "egress")
    await slipway.create()
    grant(slipway.azure, found["azure_id"], READER)

    job = await slipway.ended(await slipway.accepted("PATCH", "/v1/clusters/blue/outbound", {"public_ips": ["egress"]}))

    assert (job["state"], job["problem"]["code"]) == ("failed", "cluster_identity_lacks_role")
    assert job["problem"]["class"] == "permission"
    assert "Microsoft.Network/publicIPAddresses/join/action" in job["problem"]["detail"]
    remedy = job["problem"]["remedy"]
    assert '--role "Network Contributor"' in remedy
    assert f"--scope {found['azure_id']}" in remedy
    assert slipway.puts() == 1
    assert slipway.azure.requests(operation="RoleAssignments_Create") == []

    group = found["azure_id"].partition("/providers/")[0]
    grant(slipway.azure, group)
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again
    assert again["outcome"]["outbound_ips"] == [found["address"]]


async def test_where_slipway_may_not_read_roles_azure_decides(slipway: Slipway) -> None:
    """Troubles 56 and 75: only a certain no blocks."""
    await reserved(slipway, "egress")
    await slipway.create()
    slipway.azure.add_fault("forbid", operation="RoleAssignments_ListForScope")

    await slipway.done("PATCH", "/v1/clusters/blue/outbound", {"public_ips": ["egress"]})


async def test_a_resource_group_stays_as_long_as_an_address_is_reserved_in_it(slipway: Slipway) -> None:
    """Also while the reservation is still on its way: it would put the address into a group that is going."""
    await slipway.create(resource_group="shared")
    await reserved(slipway, "egress", resource_group="shared")

    refused = await slipway.ask("DELETE", "/v1/resource-groups/shared")
    assert (refused.status_code, refused.json()["code"]) == (409, "resource_group_in_use")
    await slipway.done("DELETE", "/v1/clusters/blue")
    assert in_azure(slipway.azure, "egress") is not None
    refused = await slipway.ask("DELETE", "/v1/resource-groups/shared")
    assert "reserved addresses: egress" in refused.json()["detail"]

    await slipway.done("DELETE", f"{ALL}/egress")
    await slipway.done("DELETE", "/v1/resource-groups/shared")
    assert slipway.leftovers() == []
