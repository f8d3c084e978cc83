"""Azure Files as a machine in a subnet meets it: whether it gets to a share, and whether its key opens the account."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.network_subnets import find_subnet
from app.emulator.core.paths import key_of
from app.emulator.core.store import Resource

ACCOUNT = "Microsoft.Storage/storageAccounts"
SMB_PORT, NFS_PORT = 445, 2049


class Refusal(Enum):
    """Why a share is not mounted."""

    UNKNOWN_HOST = "no account has this name"
    NO_ROUTE = "the port is not reached from the subnet"
    DENIED = "the account shuts out the subnet, or the key opens nothing"
    NO_SHARE = "no share has this name, or it speaks the other protocol"


@dataclass(frozen=True)
class Attempt:
    """One try to mount; `key` is for SMB alone, since NFS asks for none."""

    account: str
    share: str
    subnet_id: str
    nfs: bool = False
    key: str = ""


def opens(account: Resource, key: str) -> bool:
    """Whether this key opens the account's data now; the time it takes does not tell how much of it is right."""
    if account.body["properties"].get("allowSharedKeyAccess") is False:
        return False
    known: list[str] = [*account.internal["keys"].values()]
    # Both are compared, whichever of them it is.
    return sum(hmac.compare_digest(one.encode(), key.encode()) for one in known) > 0


def find_account(cloud: Cloud, name: str) -> Resource | None:
    """The account that answers to a name; names are unique in the world."""
    return next((account for account in cloud.store.of_type(ACCOUNT) if account.name == name), None)


def refusal(cloud: Cloud, attempt: Attempt) -> Refusal | None:
    """Why this attempt fails; None where the share is mounted."""
    account = find_account(cloud, attempt.account)
    if account is None or account.body["properties"]["provisioningState"] != "Succeeded":
        return Refusal.UNKNOWN_HOST
    if _port_is_blocked(cloud, attempt.subnet_id, NFS_PORT if attempt.nfs else SMB_PORT):
        return Refusal.NO_ROUTE
    if not _lets_in(account, attempt) or (not attempt.nfs and not opens(account, attempt.key)):
        return Refusal.DENIED
    share = cloud.store.get(f"{account.id}/fileServices/default/shares/{attempt.share}")
    if share is None or (share.body["properties"].get("enabledProtocols", "SMB") == "NFS") != attempt.nfs:
        return Refusal.NO_SHARE
    return None


def _lets_in(account: Resource, attempt: Attempt) -> bool:
    properties = account.body["properties"]
    rules: Document = properties["networkAcls"]
    if properties.get("publicNetworkAccess") in {"Disabled", "SecuredByPerimeter"}:
        return False
    # Rules for addresses are for the internet: whoever comes from a network of the same region has another one.
    allowed = {
        key_of(rule["id"])
        for rule in rules.get("virtualNetworkRules") or ()
        if rule.get("action", "Allow").lower() == "allow"
    }
    named = key_of(attempt.subnet_id) in allowed
    if attempt.nfs:
        # NFS knows no keys: it is served to networks that are named, and, unencrypted, only where that is allowed.
        return named and not properties.get("supportsHttpsTrafficOnly")
    return named or str(rules.get("defaultAction", "Allow")).lower() == "allow"


def _port_is_blocked(cloud: Cloud, subnet_id: str, port: int) -> bool:
    subnet = find_subnet(cloud, subnet_id)
    group_id = ((subnet or {}).get("properties", {}).get("networkSecurityGroup") or {}).get("id")
    group = cloud.store.get(group_id) if group_id else None
    rules = [rule["properties"] for rule in group.body["properties"]["securityRules"]] if group is not None else []
    for rule in sorted(rules, key=lambda rule: int(rule["priority"])):
        if _is_about(rule, port):
            return bool(rule["access"] == "Deny")
    return False


def _is_about(rule: Document, port: int) -> bool:
    """Whether an outbound rule decides about TCP to a port of the storage service."""
    if rule["direction"] != "Outbound" or rule["protocol"].lower() not in {"tcp", "*"}:
        return False
    destinations = _both(rule, "destinationAddressPrefix", "destinationAddressPrefixes")
    if not any(place in {"*", "Internet", "0.0.0.0/0"} or place.startswith("Storage") for place in destinations):
        return False
    return any(_includes(ports, port) for ports in _both(rule, "destinationPortRange", "destinationPortRanges"))


def _both(rule: Document, one: str, many: str) -> Iterator[str]:
    if rule.get(one):
        yield rule[one]
    yield from rule.get(many) or ()


def _includes(ports: str, port: int) -> bool:
    first, _, last = ports.partition("-")
    return ports == "*" or int(first) <= port <= int(last or first)
