"""Whose an address is: one that was given to an exposure is used, shared and given back, and never deleted."""

from tests.load_balancers.exposed import Stage, addresses_of
from tests.support.database import ONE_DATABASE
from tests.support.whole import Slipway

pytestmark = ONE_DATABASE

TLS = [{"name": "tls", "port": 443}]


async def test_a_reserved_address_in_another_group_is_used_and_stays_when_the_exposure_goes(slipway: Slipway) -> None:
    """Trouble 54, scene 12."""
    stage = await Stage.open(slipway)
    await stage.reserve("gateway")
    exposure = await stage.expose(public_ip={"id": "gateway"})
    address = stage.azure_address("gateway")
    assert address is not None
    assert addresses_of(exposure) == [address["ipAddress"]]
    assert exposure["addresses"][0]["origin"] == "reserved"
    assert [name for name in stage.azure_names("publicIPAddresses") if name.startswith("kubernetes-")] == []
    deleted = await stage.remove(exposure)
    assert deleted["outcome"]["kept"] == "gateway"
    assert "stays reserved" in deleted["summary"]
    assert stage.azure_address("gateway") == address
    # It serves the next one.
    again = await stage.expose(name="next", public_ip={"id": "gateway"})
    assert addresses_of(again) == [address["ipAddress"]]


async def test_an_address_that_is_made_for_an_exposure_goes_with_it_unless_it_shall_be_kept(slipway: Slipway) -> None:
    """Trouble 54: whose an address is decides what becomes of it."""
    stage = await Stage.open(slipway)
    exposure = await stage.expose(public_ip={"make": True})
    made = exposure["addresses"][0]
    name = made["azure_id"].rsplit("/", 1)[1]
    assert (made["origin"], name.startswith("default-web-")) == ("reserved", True)
    listed = (await slipway.ask("GET", "/v1/public-ips")).json()["items"]
    assert [(each["name"], each["state"], each["address"]) for each in listed] == [(name, "ready", made["address"])]
    same = await stage.change(exposure, idle_timeout_minutes=20)
    assert addresses_of(same) == addresses_of(exposure)
    removed = await stage.remove(exposure)
    assert removed["outcome"]["kept"] is None
    assert stage.azure_address(name) is None
    assert (await slipway.ask("GET", "/v1/public-ips")).json()["items"] == []

    kept = await stage.expose(public_ip={"make": True, "keep": True})
    name = kept["addresses"][0]["azure_id"].rsplit("/", 1)[1]
    assert (await stage.remove(kept))["outcome"]["kept"] == name
    again = await stage.expose(public_ip={"id": name})
    assert addresses_of(again) == addresses_of(kept)


async def test_a_swap_binds_the_new_address_and_releases_the_old_one(slipway: Slipway) -> None:
    """Trouble 55: from one's own to a reserved one, to another one, and back."""
    stage = await Stage.open(slipway)
    for name in ("one", "two"):
        await stage.reserve(name)
    exposure = await stage.expose()
    own = exposure["addresses"][0]["azure_id"].rsplit("/", 1)[1]

    first = await stage.change(exposure, public_ip={"id": "one"})

    assert first["addresses"][0]["azure_id"].endswith("/one")
    # cloud-provider-azure#8113: the controller looks only where the new one lies.
    assert any(f"The public IP {own}" in said and "nothing uses it" in said for said in first["warnings"])

    second = await stage.change(exposure, public_ip={"id": "two"})

    assert second["addresses"][0]["azure_id"].endswith("/two")
    frontends = stage.balancer_parts("frontendIPConfigurations").values()
    bound = [each["publicIPAddress"]["id"].rsplit("/", 1)[1] for each in frontends if "publicIPAddress" in each]
    assert "two" in bound
    assert "one" not in bound

    back = await stage.change(exposure, public_ip=None)

    assert back["addresses"][0]["origin"] == "exposure"
    assert {"one", "two"} <= set(stage.azure_names("publicIPAddresses"))


async def test_an_address_of_the_wrong_sku_is_told_before_anything_is_made(slipway: Slipway) -> None:
    """Basic and standard SKU mixed."""
    stage = await Stage.open(slipway)
    await stage.reserve("old", sku="Basic")
    job, _ = await stage.try_(public_ip={"id": "old"})
    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_sku_mismatch")
    assert await stage.inside.services() == []


async def test_an_address_that_vanished_from_azure_is_said(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    await stage.reserve("gateway")

    async def remove() -> None:
        store = slipway.azure.azure.cloud.store
        for record in list(store):
            if record.id.endswith("/gateway"):
                store.remove(record.id)

    slipway.azure.call(remove())
    job, _ = await stage.try_(public_ip={"id": "gateway"})
    assert job["problem"]["code"] == "public_ip_not_found"


async def test_two_exposures_share_an_address_which_outlives_the_first_and_goes_with_the_last(slipway: Slipway) -> None:
    """Deletion says what is left and why; trouble 58: the way to more ports at one address."""
    stage = await Stage.open(slipway)
    web = await stage.expose()
    tls = await stage.expose(name="tls", ports=TLS, share_address_with=web["id"])
    assert addresses_of(tls) == addresses_of(web)
    assert tls["addresses"][0]["origin"] == "shared"

    removed = await stage.remove(web)

    left = removed["outcome"]["left"]
    assert [each["kind"] for each in left] == ["frontend", "public_ip"]
    assert "default/tls" in left[1]["why"]
    assert "Left for others" in removed["summary"]
    # What is left is still changed, and a third one may join.
    changed = await stage.change(tls, idle_timeout_minutes=20)
    assert addresses_of(changed) == addresses_of(web)
    third = await stage.expose(name="third", share_address_with="default/tls")
    assert addresses_of(third) == addresses_of(web)
    await stage.remove(third)

    last = await stage.remove(tls)

    assert last["outcome"]["left"] == []
    assert [name for name in stage.azure_names("publicIPAddresses") if name.startswith("kubernetes-")] == []


async def test_a_reserved_address_is_shared_under_its_name(slipway: Slipway) -> None:
    stage = await Stage.open(slipway)
    await stage.reserve("gateway")
    web = await stage.expose(public_ip={"id": "gateway"})
    tls = await stage.expose(name="tls", ports=TLS, share_address_with="default/web")
    assert addresses_of(tls) == addresses_of(web)
    await stage.remove(tls)
    await stage.remove(web)
    assert stage.azure_address("gateway") is not None


async def test_each_family_that_is_asked_for_is_proven_and_reported(slipway: Slipway) -> None:
    """Trouble 61: asked explicitly (`RequireDualStack`); two addresses, two frontends, two rules, and both go again."""
    stage = await Stage.open(slipway)
    await stage.make_dual_stack()
    single = await stage.expose(name="four")
    assert [each["family"] for each in single["addresses"]] == ["IPv4"]
    ports = [{"name": "http", "port": 80}, {"name": "tls", "port": 443}]

    job, both = await stage.try_(
        ports=ports, ip_families=["IPv4", "IPv6"], allowed_source_ranges=["203.0.113.0/24", "2001:db8::/32"]
    )

    assert job["state"] == "succeeded", job
    assert sorted(each["family"] for each in both["addresses"]) == ["IPv4", "IPv6"]
    assert len({each["frontend"] for each in both["addresses"]}) == 2
    assert len(job["outcome"]["rules"]) == 4
    service = await stage.inside.send("GET", "/api/v1/namespaces/default/services/web")
    assert (service["spec"]["ipFamilyPolicy"], service["spec"]["ipFamilies"]) == ("RequireDualStack", ["IPv4", "IPv6"])
    # The first family never changes; the second one is given up, with all that was made for it.
    four = await stage.change(both, ip_families=["IPv4"], allowed_source_ranges=["203.0.113.0/24"])
    assert [each["address"] for each in four["addresses"]] == [
        each["address"] for each in both["addresses"] if each["family"] == "IPv4"
    ]
    six = await stage.expose(name="six", ip_families=["IPv6"])
    assert [each["family"] for each in six["addresses"]] == ["IPv6"]
    for exposure in (four, six, single):
        assert (await stage.remove(exposure))["outcome"]["left"] == []
    assert [name for name in stage.azure_names("publicIPAddresses") if name.startswith("kubernetes-")] == []
