"""What is missing and what is strange, each from a cluster in which just that was done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.azure.types.compute import Disk
from app.azure.types.network import LoadBalancer, NetworkInterface, RouteTable, SecurityGroup, VirtualNetwork
from app.infrastructure.schemas.graph import Finding, Graph, Severity
from app.infrastructure.specs.inputs import Piece, PoolFacts, Unknown
from tests.infrastructure.azure import (
    AT,
    BALANCER_ID,
    BASE,
    NSG_ID,
    SET_ID,
    SUBNET_ID,
    balancer,
    changed,
    common,
    facts,
    graph_of,
    pieces,
    public_ip,
    resource_id,
    rule,
    security_rule,
    service,
    without,
)

KUBENET = facts(plugin="kubenet", plugin_mode=None)


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


def missing(graph: Graph) -> list[str]:
    return codes(graph.missing)


def strange(graph: Graph) -> list[str]:
    return codes(graph.strange)


def network(**subnet: object) -> dict[str, Piece]:
    """All pieces, the subnet changed."""
    found = pieces()["network"]
    assert isinstance(found, VirtualNetwork)
    return changed("network", subnets=(replace(found.subnets[0], **subnet),))  # type: ignore[arg-type]


def test_a_deleted_route_table_is_missing_at_its_subnet() -> None:
    gone = {**network(route_table_id=None)}
    del gone["table"]
    (finding,) = graph_of(gone, cluster=KUBENET).missing
    assert (finding.code, finding.severity, finding.nodes) == (
        "route_table_missing",
        Severity.ERROR,
        (SUBNET_ID.lower(),),
    )
    assert "az aks update" in finding.remedy
    (finding,) = graph_of(gone).missing
    assert (finding.code, finding.severity) == ("route_table_missing", Severity.WARNING)


def test_where_azure_routes_to_pods_itself_no_route_table_is_missed() -> None:
    gone = {**network(route_table_id=None)}
    del gone["table"]
    assert missing(graph_of(gone, cluster=facts(plugin="azure", plugin_mode=None))) == []
    assert missing(graph_of(gone, cluster=facts(plugin_mode=None, outbound_type="userDefinedRouting"))) == [
        "route_table_missing"
    ]


def test_a_deleted_security_group_is_missing_at_its_subnet() -> None:
    gone = {**network(security_group_id=None)}
    del gone["guard"]
    assert missing(graph_of(gone)) == ["network_security_group_missing"]
    # One at the machines' interfaces does as well: AKS has it there in networks of the caller's.
    at_machines = {**network(security_group_id=None), "set": changed("set", security_group_ids=(NSG_ID,))["set"]}
    assert missing(graph_of(at_machines)) == []


def test_a_subnet_of_which_machines_are_said_to_be_is_missing() -> None:
    for gone in (without("network"), changed("network", subnets=())):
        (finding,) = graph_of(gone).missing
        assert (finding.code, finding.nodes) == ("subnet_missing", (SET_ID.lower(),))
        assert "aks-subnet" in finding.title


def test_a_deleted_load_balancer_takes_frontends_with_it() -> None:
    graph = graph_of(without("balancer"))
    assert missing(graph) == ["load_balancer_missing", "frontend_missing"]
    assert strange(graph) == []
    own_way = facts(outbound_type="userDefinedRouting", plugin_mode=None)
    assert missing(graph_of(without("balancer"), cluster=own_way, services=())) == []


def test_a_load_balancer_without_its_outbound_rule_leaves_nodes_without_a_way_out() -> None:
    found = replace(balancer(), frontends=balancer().frontends[1:], outbound_rules=())
    assert missing(graph_of({**without("out"), "balancer": found})) == ["outbound_rule_missing"]


def test_rules_that_lead_to_no_machine() -> None:
    pools = tuple(replace(pool, member_ids=()) for pool in balancer().backend_pools)
    empty = {**changed("set", backend_pool_ids=()), "balancer": replace(balancer(), backend_pools=pools)}
    (finding,) = graph_of(empty).missing
    assert (finding.code, finding.nodes) == ("backend_pool_empty", (BALANCER_ID.lower(),))


def test_a_public_ip_that_a_frontend_names_is_missing() -> None:
    assert missing(graph_of(without("in"), services=())) == ["public_ip_missing"]


def test_a_service_at_whose_address_nothing_listens() -> None:
    lost = service(addresses=("20.61.0.99",), uid="9f6c1e7d-94b4-4a5f-8e2d-3c4b5a697881")
    graph = graph_of(services=(service(), lost))
    assert [(finding.code, finding.nodes) for finding in graph.missing] == [("frontend_missing", (lost.id,))]
    assert missing(graph_of(services=(service(), replace(lost, state="pending")))) == []


def test_a_pool_without_a_scale_set_or_with_fewer_machines_than_nodes() -> None:
    two = (
        PoolFacts(name="nodepool1", mode="System", os_type="Linux", vm_size="x", count=3),
        PoolFacts(name="win", mode="User", os_type="Windows", vm_size="x", count=2),
        PoolFacts(name="empty", mode="User", os_type="Linux", vm_size="x", count=0),
    )
    graph = graph_of(cluster=facts(pools=two))
    assert [(finding.code, finding.title) for finding in graph.missing] == [
        ("machines_missing", "The pool nodepool1 has 1 of 3 machines"),
        ("scale_set_missing", "The pool win has no scale set"),
    ]


def test_the_nodes_identity_that_was_deleted() -> None:
    assert missing(graph_of(without("identity"))) == ["identity_missing"]


@pytest.mark.parametrize("gone", ["network", "guard", "table", "balancer", "in", "set", "identity"])
def test_nothing_is_missing_while_the_cluster_is_being_changed(gone: str) -> None:
    assert missing(graph_of(without(gone), cluster=facts(settled=False, state="updating"))) == []


def test_an_address_that_nothing_uses_is_strange_since_when() -> None:
    """trouble 54"""
    since = datetime(2026, 11, 20, 8, tzinfo=UTC)
    orphan = public_ip("kubernetes-aold", "20.9.9.9")
    own = public_ip("reserved", "20.9.9.8", group="rg-network")
    graph = graph_of({**pieces(), "orphan": orphan, "own": own}, since={"kubernetes-aold": since})
    (finding,) = graph.strange
    assert (finding.code, finding.since, finding.nodes) == ("public_ip_unused", since, (orphan.id.lower(),))
    assert finding.title == "Nothing uses the address 20.9.9.9 since 2026-11-20"


def test_rules_of_a_service_that_is_gone_are_strange_once_services_were_seen() -> None:
    old = rule("aff6c1e7d94b44a5f8e2d3c4b5a69788-TCP-443", 443)
    left = {**pieces(), "balancer": replace(balancer(), rules=(*balancer().rules, old))}
    (finding,) = graph_of(left).strange
    assert (finding.code, finding.nodes[0]) == ("rule_without_service", BALANCER_ID.lower())
    assert "aff6c1e7d94b44a5f8e2d3c4b5a69788-TCP-443" in finding.title
    assert strange(graph_of(left, cluster=facts(services_observed_at=None))) == []


def test_a_frontend_without_rules_is_strange() -> None:
    assert strange(graph_of(changed("balancer", rules=()))) == ["frontend_unused"]


def test_a_security_rule_for_an_address_that_is_gone_is_strange() -> None:
    guard = pieces()["guard"]
    assert isinstance(guard, SecurityGroup)
    old = security_rule("k8s-azure-lb_allow_IPv4_2", 501, destinations=("20.9.9.9/32",))
    tagged = security_rule("k8s-azure-lb_allow_IPv4_3", 502, destinations=("VirtualNetwork",))
    (finding,) = graph_of(changed("guard", rules=(*guard.rules, old, tagged))).strange
    assert finding.code == "security_rule_without_service"
    assert "20.9.9.9" in finding.title
    assert "k8s-azure-lb_allow_IPv4_2" in finding.remedy


def test_a_security_rule_of_somebody_else_is_a_note() -> None:
    guard = pieces()["guard"]
    assert isinstance(guard, SecurityGroup)
    (finding,) = graph_of(changed("guard", rules=(*guard.rules, security_rule("ssh", 300)))).strange
    assert (finding.code, finding.severity) == ("security_rule_by_hand", Severity.NOTE)


def test_what_aks_did_not_make_is_strange_in_the_node_group_alone() -> None:
    site = "Microsoft.Web/sites"
    foreign: dict[str, Piece] = {
        "site": Unknown(id=resource_id(site, "shop"), name="shop", resource_group="MC_demo_blue_westeurope", type=site),
        "lb": LoadBalancer(**common("Microsoft.Network/loadBalancers", "mine")),
        "nsg": SecurityGroup(**common("Microsoft.Network/networkSecurityGroups", "mine-too")),
        "table": pieces()["table"],
    }
    graph = graph_of({**pieces(), **foreign})
    assert strange(graph) == ["resource_unknown"] * 3
    assert {finding.title.split(" ")[-4] for finding in graph.strange} >= {"shop", "mine", "mine-too"}
    outside = Unknown(id=resource_id(site, "x", "rg"), name="x", resource_group="rg", type=site)
    drivers = Unknown(
        id=resource_id("Microsoft.Storage/storageAccounts", "f"),
        name="f",
        resource_group="MC_demo_blue_westeurope",
        type="Microsoft.Storage/storageAccounts",
    )
    assert strange(graph_of({**pieces(), "outside": outside, "drivers": drivers})) == []


def test_what_is_attached_to_nothing_is_a_note() -> None:
    disk = Disk(**common("Microsoft.Compute/disks", "pvc-1"), state="Unattached")
    interface = NetworkInterface(**common("Microsoft.Network/networkInterfaces", "left"))
    endpoint = NetworkInterface(**common("Microsoft.Network/networkInterfaces", "kube-apiserver.nic.0f6c"))
    graph = graph_of({**pieces(), "disk2": disk, "left": interface, "endpoint": endpoint})
    assert strange(graph) == ["disk_unattached", "interface_unattached"]
    assert {finding.severity for finding in graph.strange} == {Severity.NOTE}


def test_a_scale_set_of_no_pool_is_strange() -> None:
    pool = PoolFacts(name="other", mode="System", os_type="Linux", vm_size="x", count=0)
    assert strange(graph_of(cluster=facts(pools=(pool,)))) == ["scale_set_without_pool"]


def test_what_azure_calls_failed_is_an_error() -> None:
    failed = {
        **changed("machine", provisioning_state="Failed"),
        "table": changed("table", provisioning_state="Failed")["table"],
    }
    graph = graph_of(failed)
    assert strange(graph) == ["machine_failed", "resource_failed"]
    assert {finding.severity for finding in graph.strange} == {Severity.ERROR}


def test_every_finding_says_what_follows_and_what_to_do() -> None:
    found: list[Finding] = []
    for name in pieces():
        graph = graph_of(without(name), cluster=KUBENET)
        found += [*graph.missing, *graph.strange]
    assert len({finding.code for finding in found}) >= 6
    for finding in found:
        assert finding.title[-1] != "."
        assert finding.detail.endswith(".")
        assert len(finding.remedy) > 20
        assert finding.nodes


def test_a_route_table_of_somebody_elses_is_not_taken_for_akss() -> None:
    stray = RouteTable(**common("Microsoft.Network/routeTables", "stray"))
    assert strange(graph_of({**pieces(), "stray": stray})) == ["resource_unknown"]


def test_what_was_seen_before_a_service_changed_says_nothing_of_what_it_lacks_or_left() -> None:
    """The network is compared every few minutes, Services at once: what is on its way is not missing."""
    later = AT + timedelta(seconds=1)
    new = service(addresses=("20.61.0.99",), uid="9f6c1e7d-94b4-4a5f-8e2d-3c4b5a697881", changed_at=later)
    assert missing(graph_of(services=(service(), new))) == []
    assert missing(graph_of(services=(service(), replace(new, changed_at=AT)))) == ["frontend_missing"]
    assert missing(graph_of(changed("guard", rules=()), services=(service(changed_at=later),))) == []
    assert missing(graph_of(changed("guard", rules=()), services=(service(changed_at=AT),))) == [
        "service_ports_blocked"
    ]
    for changed_at, found in ((later, []), (AT, ["rule_without_service"])):
        gone = facts(services_changed_at=changed_at)
        assert strange(graph_of(cluster=gone, services=())) == found
    old = security_rule("k8s-azure-lb_allow_IPv4_2", 501, destinations=("20.9.9.9/32",))
    guard = pieces()["guard"]
    assert isinstance(guard, SecurityGroup)
    left = changed("guard", rules=(*guard.rules, old))
    assert strange(graph_of(left, cluster=facts(services_changed_at=later))) == []


def test_an_address_that_is_being_made_for_a_service_is_not_unused() -> None:
    orphan = {**pieces(), "orphan": public_ip(f"kubernetes-{BASE}-2", "20.9.9.9")}
    assert strange(graph_of(orphan, services=(service(state="updating"),))) == []
    assert strange(graph_of(orphan)) == ["public_ip_unused"]
