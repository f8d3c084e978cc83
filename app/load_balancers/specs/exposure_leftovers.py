"""What Azure still has of a Service that is gone, and why it may be there."""

from collections.abc import Iterable, Iterator, Sequence

from app.azure.types.network import Frontend, LoadBalancer, LoadBalancingRule, Probe, PublicIpAddress
from app.core.json import JsonObject
from app.load_balancers.specs.pieces import Network
from app.load_balancers.specs.services import base_name, own_address_name


def left_over(uid: str, network: Network) -> list[JsonObject]:
    """What Azure still has of a Service that is gone: kind, name, id, and why it may be there."""
    base, own = base_name(uid), own_address_name(uid)
    return [
        *_parts(((balancer, balancer.rules) for balancer in network.balancers), base, "rule"),
        *_parts(((balancer, balancer.probes) for balancer in network.balancers), base, "probe"),
        *_parts(((balancer, balancer.frontends) for balancer in network.balancers), base, "frontend"),
        *(_address_left(address) for address in network.addresses if address.name.startswith(own)),
        *_security_left(network, base),
    ]


def _parts(
    found: Iterable[tuple[LoadBalancer, Sequence[LoadBalancingRule | Probe | Frontend]]], base: str, kind: str
) -> Iterator[JsonObject]:
    for balancer, parts in found:
        for part in parts:
            if part.name.startswith(base):
                users = _users(balancer, part) if isinstance(part, Frontend) else []
                why = f"the rules {', '.join(users)} of other Services use it" if users else "the controller left it"
                yield {"kind": kind, "name": part.name, "id": part.id, "why": why, "shared": bool(users)}


def _users(balancer: LoadBalancer, frontend: Frontend) -> list[str]:
    return [
        rule.name
        for rule in balancer.rules
        if (rule.frontend_id or "").lower() == frontend.id.lower() and not rule.name.startswith(frontend.name)
    ]


def _address_left(address: PublicIpAddress) -> JsonObject:
    others = [name for name in address.tags.get("k8s-azure-service", "").split(",") if name]
    why = f"it serves {', '.join(others)}" if address.used_by and others else "nothing uses it any more"
    if address.used_by and not others:
        why = f"{address.used_by} holds it"
    return {
        "kind": "public_ip",
        "name": address.name,
        "id": address.id,
        "address": address.address,
        "why": why,
        "shared": bool(address.used_by and others),
    }


def _security_left(network: Network, base: str) -> Iterator[JsonObject]:
    for group in network.groups:
        for rule in group.rules:
            if rule.name.startswith(base):
                yield {"kind": "security_rule", "name": rule.name, "id": rule.id, "why": "the controller left it"}
