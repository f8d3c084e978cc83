"""Each piece of an exposure in Azure is found, or named as missing; what is left of a removed one is named with why."""

from dataclasses import replace

import pytest

from app.azure.types.network import Frontend, LoadBalancer
from app.load_balancers.specs.exposure_leftovers import left_over
from app.load_balancers.specs.exposure_wanted import WantedExposure, WantedProbe
from app.load_balancers.specs.pieces import Network, Origins, look_for_pieces
from tests.load_balancers.azure_pieces import (
    BASE,
    FRONTEND,
    GIVEN,
    LB,
    NETWORK,
    NSG,
    OWN,
    POOL,
    PROBE,
    RULE,
    SERVICE,
    UID,
    WANTED,
    security_rule,
)

NOTHING = Origins()


def balanced(**changes: object) -> Network:
    return replace(NETWORK, balancers=(replace(LB, **changes),))  # type: ignore[arg-type] # parts of a load balancer


def test_a_whole_exposure_has_all_its_pieces() -> None:
    """Trouble 53."""
    found = look_for_pieces(SERVICE, WANTED, NETWORK, NOTHING)
    assert found.missing == ()
    assert found.warnings == ()
    assert (found.rules, found.probes, found.members) == ((f"{BASE}-TCP-80",), (f"{BASE}-TCP-80",), 2)
    assert found.security_rules == (f"{BASE}-allow",)
    assert [(each["address"], each["origin"], each["internal"]) for each in found.addresses] == [
        ("20.1.2.3", "exposure", False)
    ]


@pytest.mark.parametrize(
    ("network", "missing"),
    [
        (balanced(frontends=()), "no frontend"),
        (balanced(rules=()), "no rule for TCP port 80"),
        (balanced(probes=()), "has no probe"),
        (balanced(probes=(replace(PROBE, protocol="Http"),)), "is not as asked"),
        (balanced(rules=(replace(RULE, tcp_reset=False),)), "TCP reset"),
        (replace(NETWORK, groups=(replace(NSG, rules=()),)), "keeps Internet out of TCP port 80 (rule rest)"),
    ],
)
def test_a_piece_that_is_missing_is_named(network: Network, missing: str) -> None:
    found = look_for_pieces(SERVICE, WANTED, network, NOTHING)
    assert len(found.missing) == 1
    assert missing in found.missing[0]


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        (replace(WANTED, idle_timeout_minutes=30), "other than 30 minutes"),
        (replace(WANTED, dns_label="shop"), "has not the DNS label"),
        (replace(WANTED, allowed_source_ranges=("203.0.113.0/24",)), "keeps 203.0.113.0/24 out"),
        (
            replace(WANTED, ports=(replace(WANTED.ports[0], probe=WantedProbe("http", "/ok")),)),
            "is not as asked",
        ),
    ],
)
def test_what_azure_did_not_apply_is_named(wanted: WantedExposure, missing: str) -> None:
    """Trouble 57 as well: the ranges are read back from what decides."""
    found = look_for_pieces(SERVICE, wanted, NETWORK, NOTHING)
    assert len(found.missing) == 1
    assert missing in found.missing[0]


def test_a_security_rule_that_locks_the_probes_out_is_warned_of() -> None:
    shut = security_rule("shut", 4000, "Deny", "*")
    found = look_for_pieces(
        SERVICE, WANTED, replace(NETWORK, groups=(replace(NSG, rules=(*NSG.rules, shut)),)), NOTHING
    )
    assert found.missing == ()
    assert "keeps Azure's health probes out" in found.warnings[0]


def test_a_load_balancer_without_machines_is_warned_of() -> None:
    found = look_for_pieces(SERVICE, WANTED, balanced(backend_pools=(replace(POOL, member_ids=()),)), NOTHING)
    assert (found.missing, found.members) == ((), 0)
    assert "No machine is behind the load balancer kubernetes" in found.warnings[0]


def test_whose_an_address_is_is_said() -> None:
    """Trouble 54: made for it, reserved, another exposure's, or neither."""
    network = replace(NETWORK, addresses=(replace(OWN, name="gateway", id=OWN.id.replace(OWN.name, "gateway")),))
    network = replace(
        network, balancers=(replace(LB, frontends=(replace(FRONTEND, public_ip_id=network.addresses[0].id),)),)
    )
    origins = (NOTHING, Origins(reserved_id=network.addresses[0].id.upper()), Origins(shared=True))
    said = [look_for_pieces(SERVICE, WANTED, network, each).addresses[0]["origin"] for each in origins]
    assert said == ["caller", "reserved", "shared"]


def test_after_a_swap_the_old_address_is_missed_until_it_is_free() -> None:
    """Trouble 55: old released, new bound."""
    service = replace(SERVICE, ingress=("20.7.7.7",))
    frontends = (replace(FRONTEND, public_ip_id=GIVEN.id),)
    held = replace(GIVEN, id=GIVEN.id.replace("gateway", "before"), name="before", address="20.8.8.8")
    network = replace(balanced(frontends=frontends), addresses=(GIVEN, held))
    origins = Origins(reserved_id=GIVEN.id, before_id=held.id)
    assert (
        "before, which the Service had before, is still bound"
        in look_for_pieces(service, WANTED, network, origins).missing[0]
    )
    free = replace(network, addresses=(GIVEN, replace(held, used_by=None)))
    assert look_for_pieces(service, WANTED, free, origins).missing == ()


def test_an_address_that_the_controller_forgets_at_a_swap_is_named_with_the_way_to_remove_it() -> None:
    """Trouble 55, cloud-provider-azure#8113."""
    service = replace(SERVICE, ingress=("20.7.7.7",))
    network = replace(
        balanced(frontends=(replace(FRONTEND, public_ip_id=GIVEN.id),)), addresses=(GIVEN, replace(OWN, used_by=None))
    )
    found = look_for_pieces(service, WANTED, network, Origins(reserved_id=GIVEN.id))
    assert found.missing == ()
    assert f"nothing uses it. Remove it: az network public-ip delete --ids {OWN.id}" in found.warnings[0]


def test_nothing_is_left_of_a_service_that_azure_took_down() -> None:
    bare: LoadBalancer = replace(LB, frontends=(), rules=(), probes=())
    assert (
        left_over(UID, replace(NETWORK, balancers=(bare,), addresses=(GIVEN,), groups=(replace(NSG, rules=()),))) == []
    )


def test_what_is_left_is_named_with_why() -> None:
    """Addresses that stay after a Service is gone."""
    left = left_over(UID, replace(NETWORK, addresses=(replace(OWN, used_by=None),)))
    assert [(each["kind"], each["why"]) for each in left] == [
        ("rule", "the controller left it"),
        ("probe", "the controller left it"),
        ("frontend", "the controller left it"),
        ("public_ip", "nothing uses it any more"),
        ("security_rule", "the controller left it"),
    ]


def test_what_others_still_use_is_left_for_them() -> None:
    other = replace(RULE, id="/r2", name="a99-TCP-443", frontend_port=443)
    bare = replace(LB, rules=(other,), probes=())
    shared = replace(OWN, tags={"k8s-azure-service": "default/tls"})
    left = left_over(UID, replace(NETWORK, balancers=(bare,), addresses=(shared,), groups=()))
    assert [(each["kind"], each["shared"]) for each in left] == [("frontend", True), ("public_ip", True)]
    assert "a99-TCP-443" in left[0]["why"]
    assert "default/tls" in left[1]["why"]


def test_the_name_of_a_frontend_that_only_begins_alike_is_another() -> None:
    other = Frontend(id="/f", name="a9999")
    bare = replace(LB, frontends=(other,), rules=(), probes=())
    assert left_over(UID, Network((bare,))) == []
