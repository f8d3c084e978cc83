"""What stands between a cluster's nodes and a share, as far as Azure tells (troubles 67 and 68).

https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/storage/fail-to-mount-azure-file-share
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.azure.types.network import SecurityGroup, SecurityRule
from app.azure.types.storage import Account, FileShare
from app.core.errors import ErrorClass
from app.storage.specs.findings import Finding, not_applicable, ok, problem, unknown, warning
from app.storage.specs.volume_wanted import KEY, NFS

PORTS = {"SMB": 445, "NFS": 2049}
_ANYWHERE = frozenset({"*", "any", "internet", "storage", "0.0.0.0/0", "azurecloud"})
_GIB = 1024**3
_NEARLY_FULL = 0.95


@dataclass(frozen=True, slots=True)
class Nodes:
    """Where a cluster's nodes are and what they are. `outbound`: the addresses from which they reach the internet."""

    location: str
    pools: tuple[tuple[str, str, bool], ...] = ()
    """Name, operating system, and whether it runs in FIPS mode."""
    subnet_ids: tuple[str, ...] = ()
    outbound: tuple[str, ...] = ()
    groups: tuple[SecurityGroup, ...] = ()
    dns_servers: tuple[str, ...] = ()
    through_appliance: bool = False


@dataclass(frozen=True, slots=True)
class MountPath:
    """What is to be mounted, how, and from where. None: Azure has no such account or share."""

    protocol: str
    auth: str
    account: Account | None
    share: FileShare | None
    nodes: Nodes
    mount_options: bool = False


def look_at_path(path: MountPath) -> list[Finding]:
    """All that Azure tells of the way from the nodes to the share."""
    account = path.account
    if account is None:
        missing = problem(
            "share",
            "storage_account_gone",
            "Azure has no such storage account any more.",
            "Somebody removed it outside Slipway: a deleted account can come back for 14 days, with its name free.",
            ErrorClass.GONE,
        )
        return [missing]
    return [
        *_share(path, account),
        *_access(path, account),
        _network(path, account),
        _dns(path, account),
        _ports(path),
        _fips(path),
        _nfs(path, account),
        *_systems(path),
        *_location(path, account),
    ]


def _share(path: MountPath, account: Account) -> list[Finding]:
    share = path.share
    if share is None:
        detail = f"The account {account.name} has no such share any more."
        remedy = "Restore it where it was deleted (POST /v1/shares/{id}:restore), or bind another one."
        return [problem("share", "share_gone", detail, remedy, ErrorClass.GONE)]
    if not account.succeeded:
        detail = f"Azure is at work on the account: {account.provisioning_state}."
        return [warning("share", "storage_account_not_ready", detail)]
    found = [ok("share", f"The share {share.name} is there, with {share.quota_gib} GiB.")]
    if share.used_bytes is None:
        return found
    used = share.used_bytes / (share.quota_gib * _GIB) if share.quota_gib else 1.0
    words = f"{used:.0%} of {share.quota_gib} GiB are used."
    grow = "Grow the share: PATCH /v1/shares/{id} with a larger `quota_gib`; what is mounted sees it at once."
    if used >= 1:
        found.append(problem("capacity", "share_full", f"The share is full: {words}", grow, ErrorClass.CAPACITY))
    elif used >= _NEARLY_FULL:
        found.append(warning("capacity", "share_nearly_full", words, grow))
    else:
        found.append(ok("capacity", words))
    return found


def _access(path: MountPath, account: Account) -> list[Finding]:
    if path.auth != KEY or account.shared_keys:
        return []
    detail = f"The account {account.name} takes no keys (allowSharedKeyAccess is off)."
    remedy = "Use `auth: identity`, or have the account allow its keys."
    return [problem("key", "shared_keys_disabled", detail, remedy, ErrorClass.PERMISSION)]


def _network(path: MountPath, account: Account) -> Finding:
    rules, nodes = account.networks, path.nodes
    if account.private_endpoints:
        return ok("network", "A private endpoint leads to the account.")
    if not account.public_network:
        return _shut("The account takes no public traffic, and has no private endpoint.", account)
    if rules.allow_all:
        return ok("network", "The account's firewall lets everybody in.")
    allowed = {each.lower() for each in rules.subnet_ids}
    outside = [each for each in nodes.subnet_ids if each.lower() not in allowed]
    if nodes.subnet_ids and not outside:
        return ok("network", "The account's firewall lets the nodes' subnets in.")
    # From a network of the account's own region nobody comes with a public address: such rules do not reach it.
    elsewhere = path.protocol != NFS and _place(account.location) != _place(nodes.location)
    if elsewhere and nodes.outbound and all(_covered(each, rules.ip_ranges) for each in nodes.outbound):
        return ok("network", "The account's firewall lets the cluster's outbound addresses in.")
    names = ", ".join(each.rpartition("/")[2] for each in outside) or "which Slipway does not know yet"
    return _shut(f"The account's firewall lets the nodes' subnets ({names}) not in.", account)


def _shut(detail: str, account: Account) -> Finding:
    remedy = (
        "Add the subnet with a service endpoint: az storage account network-rule add "
        f"--account-name {account.name} --resource-group {account.resource_group} --subnet <subnet id>"
    )
    return problem("network", "network_shuts_nodes_out", detail, remedy, ErrorClass.PERMISSION)


def _covered(address: str, ranges: Iterable[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
        return any(found in ipaddress.ip_network(each, strict=False) for each in ranges)
    except ValueError:
        return False


def _dns(path: MountPath, account: Account) -> Finding:
    host = (account.file_endpoint or f"https://{account.name}.file.core.windows.net/").split("//")[-1].rstrip("/")
    servers = path.nodes.dns_servers
    if servers:
        detail = f"The nodes ask {', '.join(servers)} for {host}, and not Azure's own name server."
        remedy = "Have them forward to 168.63.129.16" + (
            ", and link the zone privatelink.file.core.windows.net to their network."
            if account.private_endpoints
            else "."
        )
        return warning("dns", "custom_dns", detail, remedy)
    if account.private_endpoints and not account.public_network:
        detail = f"{host} must lead to the private endpoint; that is seen in the nodes' network only."
        return unknown("dns", detail, "Link the zone privatelink.file.core.windows.net to the nodes' network.")
    return ok("dns", f"The nodes ask Azure's own name server for {host}.")


def _ports(path: MountPath) -> Finding:
    port = PORTS[path.protocol]
    for group in path.nodes.groups:
        rule = _deciding(group, port)
        if rule is not None and rule.access.lower() == "deny":
            detail = f"The rule {rule.name} of the network security group {group.name} denies port {port} outbound."
            remedy = f"Allow TCP {port} to the service tag Storage, with a priority below {rule.priority}."
            return problem("ports", "port_denied", detail, remedy, ErrorClass.PERMISSION)
    if path.nodes.through_appliance:
        detail = (
            f"The nodes' traffic goes through a virtual appliance; whether it lets TCP {port} pass is not seen here."
        )
        return unknown("ports", detail, f"Allow TCP {port} to the account in the firewall.")
    return ok("ports", f"No network security group denies port {port}.")


def _deciding(group: SecurityGroup, port: int) -> SecurityRule | None:
    ordered = sorted((*group.rules, *group.default_rules), key=lambda rule: rule.priority)
    return next((rule for rule in ordered if rule.direction.lower() == "outbound" and _fits(rule, port)), None)


def _fits(rule: SecurityRule, port: int) -> bool:
    return (
        rule.protocol.lower() in {"*", "any", "tcp"}
        and any(_has(ports, port) for ports in rule.destination_ports)
        and any(_is_storage(each) for each in rule.destinations)
    )


def _is_storage(destination: str) -> bool:
    return destination.lower() in _ANYWHERE or destination.lower().startswith("storage.")


def _has(ports: str, port: int) -> bool:
    if ports == "*":
        return True
    first, _, last = ports.partition("-")
    return first.isdecimal() and int(first) <= port <= int(last or first)


def _fips(path: MountPath) -> Finding:
    if path.protocol == NFS or path.auth != KEY:
        return not_applicable("fips", "It matters for SMB with a key only.")
    fips = [name for name, _, on in path.nodes.pools if on]
    if not fips:
        return ok("fips", "No node pool runs in FIPS mode.")
    detail = f"Node pools in FIPS mode ({', '.join(fips)}) cannot mount SMB with a key: NTLMv2 needs MD4 and MD5."
    remedy = "Use an NFS share or `auth: identity`, or keep the pods on other pools."
    if len(fips) == len(path.nodes.pools):
        return problem("fips", "fips_pools", detail, remedy)
    return warning("fips", "fips_pools", detail, remedy)


def _nfs(path: MountPath, account: Account) -> Finding:
    if path.protocol != NFS:
        return not_applicable("nfs", "The share is SMB.")
    if not account.premium:
        detail = f"The account {account.name} is {account.kind} ({account.sku}); NFS needs a FileStorage account."
        return problem("nfs", "nfs_needs_premium", detail, "Make the share in a premium account: `tier: premium`.")
    if account.https_only:
        detail = f"The account {account.name} asks for secure transfer (https only), which an NFS mount has not."
        remedy = (
            f"Switch it off: az storage account update --name {account.name} --resource-group "
            f"{account.resource_group} --https-only false"
        )
        return problem("nfs", "nfs_https_only", detail, remedy)
    if account.networks.allow_all and not account.private_endpoints:
        detail = "The account is open to all networks; NFS knows no proof of who mounts."
        return warning("nfs", "nfs_open_network", detail, "Let only the nodes' subnets in.")
    return ok("nfs", "The account is premium, without secure transfer, and for chosen networks.")


def _systems(path: MountPath) -> list[Finding]:
    windows = [name for name, system, _ in path.nodes.pools if system.lower() == "windows"]
    if not windows:
        return []
    named = ", ".join(windows)
    if path.protocol == NFS:
        detail = f"Windows nodes ({named}) mount no NFS."
        remedy = "Keep its pods on Linux nodes (nodeSelector kubernetes.io/os: linux), or use an SMB share."
        all_windows = len(windows) == len(path.nodes.pools)
        return [
            problem("nodes", "nfs_on_windows", detail, remedy)
            if all_windows
            else warning("nodes", "nfs_on_windows", detail, remedy)
        ]
    if path.mount_options:
        return [warning("nodes", "mount_options_on_windows", f"Windows nodes ({named}) ignore the mount options.")]
    return []


def _location(path: MountPath, account: Account) -> list[Finding]:
    here, there = path.nodes.location, account.location
    if _place(here) == _place(there):
        return []
    words = f"The share is in {there}, the cluster in {here}"
    if path.protocol == NFS:
        detail = f"{words}: a rule for the nodes' subnet does not reach across."
        return [problem("location", "other_location", detail, "Make the share in the cluster's location.")]
    detail = f"{words}: each read and write goes that way, is paid for, and SMB is slow over it."
    return [warning("location", "other_location", detail, "Make the share in the cluster's location.")]


def _place(location: str) -> str:
    return location.replace(" ", "").lower()


def problems_of(findings: Sequence[Finding]) -> list[Finding]:
    """Those that keep a pod from mounting."""
    return [each for each in findings if each.health == "problem"]
