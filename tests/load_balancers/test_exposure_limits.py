"""What Azure would refuse is seen before it is asked (troubles 56 and 58)."""

from dataclasses import replace

import pytest

from app.azure.types.network import Frontend
from app.azure.types.usage import Usage
from app.core.errors import ErrorClass
from app.load_balancers.specs.exposure_limits import objections
from app.load_balancers.specs.exposure_wanted import WantedExposure, WantedPort
from app.load_balancers.specs.pieces import Network
from tests.load_balancers.azure_pieces import FRONTEND, LB, NETWORK, NSG, RULE, UID, WANTED, security_rule

INSIDE = replace(WANTED, internal=True)
ROOM = (Usage("PublicIPAddresses", 3, 20),)


def against(
    wanted: WantedExposure, network: Network = NETWORK, usages: tuple[Usage, ...] = ROOM, **more: object
) -> list[str]:
    options = {"uid": None, "new_address": not wanted.internal, **more}
    return [each.code for each in objections(wanted, network, usages, **options)]  # type: ignore[arg-type] # by name


def rules(count: int, *, base: str = "a99") -> Network:
    many = tuple(replace(RULE, id=f"/r{n}", name=f"{base}-TCP-{n}") for n in range(count))
    return replace(NETWORK, balancers=(replace(LB, rules=many),))


def test_what_has_room_is_not_objected_to() -> None:
    assert against(WANTED) == []
    assert against(replace(INSIDE, subnet="apps", private_address="10.1.0.4")) == []


def test_the_quota_of_addresses_counts_only_where_azure_makes_a_new_one() -> None:
    full = (Usage("PublicIPAddresses", 20, 20), Usage("VirtualNetworks", 1, 50))
    found = objections(WANTED, NETWORK, full, uid=None, new_address=True)
    assert [(each.code, each.error_class) for each in found] == [("azure_public_ip_limit", ErrorClass.QUOTA)]
    assert "20 of the 20" in found[0].detail
    assert "share_address_with" in found[0].remedy
    assert against(WANTED, usages=full, new_address=False) == []


@pytest.mark.parametrize(("present", "fits"), [(299, True), (300, False)])
def test_the_rules_of_a_machines_interface_are_counted_over_both_load_balancers(present: int, fits: bool) -> None:
    """Trouble 58: more than the allowed rules."""
    internal = replace(LB, id="/lb2", name="kubernetes-internal", rules=rules(100).balancers[0].rules)
    network = replace(NETWORK, balancers=(rules(present - 100).balancers[0], internal))
    assert against(WANTED, network) == ([] if fits else ["azure_load_balancer_limit"])


def test_ones_own_rules_are_not_counted_twice() -> None:
    network = rules(300, base=RULE.name.partition("-")[0])
    assert against(WANTED, network, uid=UID) == []
    assert against(WANTED, network) == ["azure_load_balancer_limit"]


def test_frontends_and_security_rules_are_counted() -> None:
    frontends = tuple(replace(FRONTEND, id=f"/f{n}", name=f"a{n}") for n in range(600))
    full = replace(NETWORK, balancers=(replace(LB, frontends=frontends),))
    assert against(WANTED, full) == ["azure_load_balancer_limit"]
    assert against(replace(WANTED, share_address_with="exp_1"), full) == []
    many = replace(NSG, rules=tuple(security_rule(f"r{n}", 100 + n, "Allow", "*") for n in range(1000)))
    assert against(WANTED, replace(NETWORK, groups=(many,))) == ["azure_load_balancer_limit"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subnet": "nothing"}, "subnet_not_found"),
        ({"subnet": "apps", "private_address": "10.2.0.9"}, "private_address_not_in_subnet"),
        ({"subnet": "apps", "private_address": "10.1.0.3"}, "private_address_not_in_subnet"),
        ({"subnet": "apps", "private_address": "10.1.0.255"}, "private_address_not_in_subnet"),
        ({"private_address": "192.168.0.9"}, "private_address_not_in_subnet"),
        ({"subnet": "apps", "private_address": "10.1.0.9"}, "private_address_taken"),
    ],
)
def test_an_internal_address_outside_of_the_subnet_or_taken_is_told_before(change: dict[str, str], code: str) -> None:
    taken = Frontend(id="/f", name="a99", private_address="10.1.0.9")
    network = replace(NETWORK, balancers=(replace(LB, name="kubernetes-internal", frontends=(taken,)),))
    assert against(replace(INSIDE, **change), network) == [code]  # type: ignore[arg-type] # names of fields


def test_ones_own_address_is_not_taken() -> None:
    own = Frontend(id="/f", name=FRONTEND.name, private_address="10.1.0.9")
    network = replace(NETWORK, balancers=(replace(LB, name="kubernetes-internal", frontends=(own,)),))
    assert against(replace(INSIDE, subnet="apps", private_address="10.1.0.9"), network, uid=UID) == []


def test_where_the_cluster_lies_in_a_network_of_others_nothing_is_guessed() -> None:
    assert against(replace(INSIDE, subnet="nothing"), replace(NETWORK, networks=())) == []


def test_all_objections_are_told_at_once() -> None:
    wanted = replace(INSIDE, subnet="nothing", ports=tuple(WantedPort(port) for port in range(1, 101)))
    assert against(wanted, rules(250)) == ["azure_load_balancer_limit", "subnet_not_found"]
