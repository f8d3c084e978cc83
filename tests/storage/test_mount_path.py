"""What stands between nodes and a share, as far as Azure tells: each trouble with its cure (troubles 67 and 68)."""

from dataclasses import replace
from typing import Any

import pytest

from app.azure.types.network import SecurityGroup, SecurityRule
from app.azure.types.storage import Account, FileShare, NetworkRules
from app.storage.specs.findings import Health
from app.storage.specs.mount_path import MountPath, Nodes, look_at_path

SUBNET = "/subscriptions/s/resourceGroups/MC/providers/Microsoft.Network/virtualNetworks/v/subnets/aks-subnet"
ACCOUNT = Account(
    id="/a", name="accmedia", resource_group="files", location="westeurope", provisioning_state="Succeeded"
)
PREMIUM = replace(
    ACCOUNT,
    kind="FileStorage",
    sku="Premium_LRS",
    https_only=False,
    networks=NetworkRules(allow_all=False, subnet_ids=(SUBNET.upper(),)),
)
SHARE = FileShare(id="/s", name="media", quota_gib=100, used_bytes=0)
NODES = Nodes("westeurope", (("nodepool1", "Linux", False),), (SUBNET,), ("20.1.2.3",))
SMB = MountPath("SMB", "key", ACCOUNT, SHARE, NODES)
NFS = MountPath("NFS", "none", PREMIUM, SHARE, NODES)


def rule(name: str, priority: int, access: str, ports: str = "*", to: str = "*", **fields: Any) -> SecurityRule:
    defaults: dict[str, Any] = {"direction": "Outbound", "protocol": "Tcp"}
    return SecurityRule(
        id=f"/{name}",
        name=name,
        priority=priority,
        access=access,
        destinations=(to,),
        destination_ports=(ports,),
        **{**defaults, **fields},
    )


def nodes(**fields: Any) -> Nodes:
    return replace(NODES, **fields)


def group(*rules: SecurityRule) -> SecurityGroup:
    default = rule("AllowInternetOutBound", 65001, "Allow", to="Internet", protocol="*")
    return SecurityGroup(
        id="/g", name="nsg", resource_group="MC", location="westeurope", rules=rules, default_rules=(default,)
    )


def shut(**fields: Any) -> Account:
    return replace(ACCOUNT, networks=NetworkRules(allow_all=False, **fields))


@pytest.mark.parametrize("path", [SMB, NFS])
def test_a_way_that_is_free_has_no_problem(path: MountPath) -> None:
    found = look_at_path(path)
    assert {each.health for each in found} <= {Health.OK, Health.NOT_APPLICABLE}
    assert {"share", "capacity", "network", "dns", "ports", "fips", "nfs"} <= {each.check for each in found}


@pytest.mark.parametrize(
    ("path", "code", "health"),
    [
        (replace(SMB, account=None), "storage_account_gone", Health.PROBLEM),
        (replace(SMB, share=None), "share_gone", Health.PROBLEM),
        (replace(SMB, share=replace(SHARE, used_bytes=100 * 1024**3)), "share_full", Health.PROBLEM),
        (replace(SMB, share=replace(SHARE, used_bytes=96 * 1024**3)), "share_nearly_full", Health.WARNING),
        (replace(SMB, account=replace(ACCOUNT, shared_keys=False)), "shared_keys_disabled", Health.PROBLEM),
        (replace(SMB, account=shut()), "network_shuts_nodes_out", Health.PROBLEM),
        (replace(SMB, account=shut(ip_ranges=("20.9.0.0/16",))), "network_shuts_nodes_out", Health.PROBLEM),
        (replace(SMB, account=replace(ACCOUNT, public_network=False)), "network_shuts_nodes_out", Health.PROBLEM),
        (replace(SMB, nodes=nodes(dns_servers=("10.0.0.4",))), "custom_dns", Health.WARNING),
        (replace(SMB, nodes=nodes(pools=(("a", "Linux", True),))), "fips_pools", Health.PROBLEM),
        (
            replace(SMB, nodes=nodes(pools=(("a", "Linux", True), ("b", "Linux", False)))),
            "fips_pools",
            Health.WARNING,
        ),
        (replace(SMB, nodes=nodes(location="North Europe")), "other_location", Health.WARNING),
        (replace(NFS, nodes=nodes(location="northeurope")), "other_location", Health.PROBLEM),
        (replace(NFS, account=ACCOUNT), "nfs_needs_premium", Health.PROBLEM),
        (replace(NFS, account=replace(PREMIUM, https_only=True)), "nfs_https_only", Health.PROBLEM),
        (replace(NFS, account=replace(PREMIUM, networks=NetworkRules())), "nfs_open_network", Health.WARNING),
        (replace(NFS, nodes=nodes(pools=(("w", "Windows", False),))), "nfs_on_windows", Health.PROBLEM),
        (
            replace(NFS, nodes=nodes(pools=(("w", "Windows", False), ("l", "Linux", False)))),
            "nfs_on_windows",
            Health.WARNING,
        ),
        (
            replace(SMB, mount_options=True, nodes=nodes(pools=(("w", "Windows", False), ("l", "Linux", False)))),
            "mount_options_on_windows",
            Health.WARNING,
        ),
    ],
)
def test_each_trouble_is_named_with_its_weight(path: MountPath, code: str, health: Health) -> None:
    """Trouble 67: DNS, firewall, key access, FIPS, NFS with https only; 68: bad pairs; locations; a full share."""
    found = {each.code: each for each in look_at_path(path) if each.code}
    assert found[code].health is health, found
    if health is Health.PROBLEM:
        assert found[code].remedy


@pytest.mark.parametrize(("path", "port"), [(SMB, 445), (NFS, 2049)], ids=["SMB", "NFS"])
@pytest.mark.parametrize(
    ("rules", "denied"),
    [
        ((rule("deny", 200, "Deny"),), True),
        ((rule("deny", 200, "Deny", "400-3000", "Storage"),), True),
        ((rule("deny", 200, "Deny", to="Storage.WestEurope", protocol="*"),), True),
        ((rule("allow", 100, "Allow", to="Storage"), rule("deny", 200, "Deny")), False),
        ((rule("deny", 200, "Deny", "80"),), False),
        ((rule("deny", 200, "Deny", protocol="Udp"),), False),
        ((rule("deny", 200, "Deny", direction="Inbound"),), False),
        ((rule("deny", 200, "Deny", to="10.0.0.0/8"),), False),
    ],
)
def test_a_security_group_that_denies_the_port_is_named(
    path: MountPath, port: int, rules: tuple[SecurityRule, ...], denied: bool
) -> None:
    """Trouble 67: ports 445 and 2049."""
    found = next(
        each for each in look_at_path(replace(path, nodes=nodes(groups=(group(*rules),)))) if each.check == "ports"
    )
    assert (found.code == "port_denied") is denied
    assert str(port) in found.detail
    if denied:
        assert "deny" in found.detail
        assert "nsg" in found.detail


def test_ways_through_an_accounts_firewall() -> None:
    """By the nodes' subnet, by the outbound address (SMB from another region alone), or by a private endpoint."""
    by_address = NetworkRules(allow_all=False, ip_ranges=("20.1.2.0/24",))
    far = nodes(location="northeurope")
    for path, lets_in in (
        (replace(SMB, account=shut(subnet_ids=(SUBNET,))), True),
        (replace(SMB, account=replace(ACCOUNT, networks=by_address), nodes=far), True),
        (replace(SMB, account=replace(ACCOUNT, networks=by_address)), False),
        (replace(NFS, account=replace(PREMIUM, networks=by_address), nodes=far), False),
        (replace(SMB, account=replace(shut(), private_endpoints=1, public_network=False)), True),
    ):
        assert ("network_shuts_nodes_out" not in {each.code for each in look_at_path(path)}) is lets_in, path


def test_what_is_not_seen_from_here_is_said_so() -> None:
    through = look_at_path(replace(SMB, nodes=nodes(through_appliance=True)))
    private = look_at_path(replace(SMB, account=replace(ACCOUNT, private_endpoints=1, public_network=False)))
    assert next(each for each in through if each.check == "ports").health is Health.UNKNOWN
    assert next(each for each in private if each.check == "dns").health is Health.UNKNOWN
