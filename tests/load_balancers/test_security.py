"""Which rule of a security group decides, in the order of their priorities (trouble 57)."""

from typing import Any

import pytest

from app.azure.types.network import SecurityGroup, SecurityRule
from app.load_balancers.specs.security import INTERNET, PROBES, Traffic, deciding_rule, lets_in

TO = "20.1.2.3"


def rule(name: str, priority: int, access: str, **fields: tuple[str, ...]) -> SecurityRule:
    values: dict[str, Any] = {"sources": ("*",), "destinations": ("*",), "destination_ports": ("*",)}
    return SecurityRule(
        id=f"/{name}", name=name, priority=priority, direction="Inbound", access=access, protocol="*",
        **{**values, **fields},
    )  # fmt: skip


DEFAULTS = (
    rule("vnet", 65000, "Allow", sources=("VirtualNetwork",), destinations=("VirtualNetwork",)),
    rule("probes", 65001, "Allow", sources=("AzureLoadBalancer",)),
    rule("rest", 65500, "Deny"),
)


def group(*rules: SecurityRule) -> SecurityGroup:
    return SecurityGroup(id="/nsg", name="nsg", resource_group="g", location="l", rules=rules, default_rules=DEFAULTS)


@pytest.mark.parametrize(
    ("rules", "source", "decides"),
    [
        ((), INTERNET, "rest"),
        ((rule("web", 500, "Allow", sources=("Internet",), destinations=(TO,), destination_ports=("80",)),), INTERNET,
         "web"),
        ((rule("web", 500, "Allow", destinations=("20.9.9.9",)),), INTERNET, "rest"),
        ((rule("web", 500, "Allow", destination_ports=("443", "8000-8080")),), INTERNET, "rest"),
        ((rule("web", 500, "Allow", destination_ports=("70-90",)),), INTERNET, "web"),
        ((rule("ours", 500, "Allow", sources=("203.0.113.0/24",)),), "203.0.113.0/25", "ours"),
        ((rule("ours", 500, "Allow", sources=("203.0.113.0/25",)),), "203.0.113.0/24", "rest"),
        ((rule("ours", 500, "Allow"), rule("shut", 499, "Deny", destination_ports=("80",))), INTERNET, "shut"),
        ((rule("ours", 500, "Allow"), rule("shut", 501, "Deny")), INTERNET, "ours"),
    ],
)  # fmt: skip
def test_the_lowest_number_that_fits_decides(rules: tuple[SecurityRule, ...], source: str, decides: str) -> None:
    found = deciding_rule(group(*rules), Traffic(source, TO, 80, "TCP"))
    assert found is not None
    assert found.name == decides


def test_outbound_rules_and_other_protocols_say_nothing() -> None:
    out = SecurityRule(id="/o", name="out", priority=100, direction="Outbound", access="Allow", protocol="*",
                       sources=("*",), destinations=("*",), destination_ports=("*",))  # fmt: skip
    udp = SecurityRule(id="/u", name="udp", priority=101, direction="Inbound", access="Allow", protocol="Udp",
                       sources=("*",), destinations=("*",), destination_ports=("*",))  # fmt: skip
    assert not lets_in(group(out, udp), Traffic(INTERNET, TO, 80, "TCP"))
    assert lets_in(group(out, udp), Traffic(INTERNET, TO, 80, "UDP"))


def test_a_rule_that_denies_before_azures_own_keeps_the_probes_out() -> None:
    """Source ranges that lock out the health probe."""
    probe = Traffic(PROBES, "VirtualNetwork", 31080, "TCP")
    assert lets_in(group(), probe)
    assert not lets_in(group(rule("shut", 4000, "Deny")), probe)
    assert lets_in(
        group(rule("probes", 3999, "Allow", sources=("AzureLoadBalancer",)), rule("shut", 4000, "Deny")), probe
    )


@pytest.mark.parametrize(("destination", "reaches"), [("203.0.113.7", False), ("10.224.0.4", True), ("fd00::4", True)])
def test_a_rule_for_a_public_address_is_none_for_the_machines(destination: str, reaches: bool) -> None:
    """Also one of the networks of documentation, in which the local Azure's public addresses lie."""
    shut = rule("shut", 500, "Deny", destinations=(destination,))
    assert lets_in(group(shut), Traffic(PROBES, "VirtualNetwork", 31080, "TCP")) is not reaches
