"""Network security groups that keep out what the load balancer sends, or asks."""

from dataclasses import replace
from typing import Any

import pytest

from app.azure.types.network import LoadBalancer, NetworkInterface, SecurityGroup, VirtualNetwork
from app.infrastructure.schemas.graph import Severity
from app.infrastructure.specs.inputs import Piece, ServiceFacts
from tests.infrastructure.azure import (
    BALANCER_ID,
    BASE,
    DEFAULT_RULES,
    NSG_ID,
    balancer,
    changed,
    common,
    facts,
    frontend_id,
    graph_of,
    pieces,
    security_rule,
    service,
)

TO_SERVICE = security_rule(
    "k8s-azure-lb_allow_IPv4_1", 500, sources=("Internet",), destinations=("20.61.0.17",), destination_ports=("80",)
)


def guarded(*rules: Any, **fields: Any) -> dict[str, Piece]:
    """All pieces, the security group with these rules."""
    return changed("guard", rules=rules, **fields)


def codes(found: dict[str, Piece], *, services: tuple[ServiceFacts, ...] | None = None) -> list[str]:
    return [finding.code for finding in graph_of(found, services=services).missing]


def test_a_rule_that_blocks_the_probes_stops_all_machines() -> None:
    deny = security_rule("deny-probes", 100, access="Deny", sources=("AzureLoadBalancer",))
    (finding,) = graph_of(guarded(deny, TO_SERVICE)).missing
    assert (finding.code, finding.severity) == ("probes_blocked", Severity.ERROR)
    assert finding.nodes == (NSG_ID.lower(), BALANCER_ID.lower())
    assert "by the rule deny-probes" in finding.title
    assert "31080" in finding.detail
    assert "lower number than 100" in finding.remedy


def test_a_rule_that_denies_everything_blocks_probes_and_clients() -> None:
    deny = security_rule("deny-all", 100, access="Deny")
    assert codes(guarded(deny, TO_SERVICE)) == ["probes_blocked", "service_ports_blocked"]
    allow = security_rule("probes", 99, sources=("AzureLoadBalancer",))
    assert codes(guarded(deny, allow, TO_SERVICE)) == ["service_ports_blocked"]


@pytest.mark.parametrize(
    "harmless",
    [
        {"destination_ports": ("31081", "1-31079")},
        {"direction": "Outbound"},
        {"protocol": "Udp"},
        {"sources": ("203.0.113.0/24",)},
        {"destinations": ("20.9.9.9",)},
    ],
)
def test_a_rule_about_something_else_blocks_nothing(harmless: dict[str, Any]) -> None:
    deny = security_rule("deny", 100, access="Deny", **{"sources": ("AzureLoadBalancer",), **harmless})
    assert codes(guarded(deny, TO_SERVICE)) == []


def test_a_service_whose_rule_was_taken_away_is_reached_by_nobody() -> None:
    (finding,) = graph_of(guarded()).missing
    assert (finding.code, finding.nodes[1:]) == ("service_ports_blocked", (frontend_id(BASE).lower(), service().id))
    assert finding.title == "aks-agentpool-12345678-nsg keeps Internet out of shop/web"
    assert "80/TCP" in finding.detail
    assert finding.remedy.startswith("No rule lets Internet in")


def test_a_service_for_some_sources_is_looked_at_for_those() -> None:
    """trouble 57: that others are kept out is what was asked for."""
    own = service(sources=("203.0.113.0/24",))
    narrow = replace(TO_SERVICE, sources=("203.0.113.0/24",))
    assert codes(guarded(narrow), services=(own,)) == []
    assert codes(guarded(narrow)) == ["service_ports_blocked"]
    other = replace(TO_SERVICE, sources=("198.51.100.0/24",))
    assert codes(guarded(other), services=(own,)) == ["service_ports_blocked"]


def test_of_a_service_for_azures_own_tags_nothing_is_said() -> None:
    assert codes(guarded(), services=(service(closed=True),)) == []


def test_an_internal_service_is_reached_from_the_network_by_azures_own_rule() -> None:
    found = balancer()
    inside = replace(found.frontends[1], public_ip_id=None, private_address="10.224.0.9")
    internal = {**guarded(), "balancer": replace(found, frontends=(found.frontends[0], inside))}
    own = service(internal=True, addresses=("10.224.0.9",))
    assert codes(internal, services=(own,)) == []
    deny = security_rule("deny", 100, access="Deny", sources=("VirtualNetwork",))
    assert codes({**internal, "guard": guarded(deny)["guard"]}, services=(own,)) == ["service_ports_blocked"]


def test_a_group_at_the_machines_interfaces_counts_as_well() -> None:
    kind = "Microsoft.Network/networkSecurityGroups"
    deny = security_rule("deny-probes", 100, access="Deny", sources=("AzureLoadBalancer",))
    guard = SecurityGroup(**common(kind, "aks-nic-nsg"), rules=(deny, TO_SERVICE), default_rules=DEFAULT_RULES)
    nic = pieces()["nic"]
    assert isinstance(nic, NetworkInterface)
    found = {**pieces(), "guard2": guard, "nic": replace(nic, security_group_id=guard.id)}
    assert codes(found) == ["probes_blocked"]
    assert codes({**pieces(), "guard2": guard}) == []


def test_a_group_of_another_subnet_is_in_nobodys_way() -> None:
    network = pieces()["network"]
    assert isinstance(network, VirtualNetwork)
    free = replace(network, subnets=(replace(network.subnets[0], security_group_id=None),))
    found = {**guarded(security_rule("deny", 100, access="Deny")), "network": free}
    assert codes(found) == ["network_security_group_missing"]


def test_where_azure_did_not_say_its_own_rules_nothing_is_guessed() -> None:
    assert codes(guarded(default_rules=())) == []


def test_nothing_is_said_while_the_cluster_is_being_changed() -> None:
    deny = security_rule("deny-all", 100, access="Deny")
    assert graph_of(guarded(deny), cluster=facts(settled=False)).missing == ()


def test_a_probe_that_no_rule_uses_blocks_nothing() -> None:
    found: LoadBalancer = replace(balancer(), rules=tuple(replace(rule, probe_id=None) for rule in balancer().rules))
    deny = security_rule("deny-probes", 100, access="Deny", sources=("AzureLoadBalancer",))
    assert codes({**guarded(deny, TO_SERVICE), "balancer": found}) == []
