"""Pure: what a request makes of a cluster's outbound profile, at its create and later."""

from collections.abc import Sequence
from dataclasses import replace

from app.azure.types.cluster import OutboundProfile
from app.clusters.schemas.outbound import OutboundAddresses
from app.clusters.specs.snat import PORT_STEP, rounded
from app.core.errors import FieldError

_SOURCES = ("managed_ip_count", "public_ips", "prefix_ids")
_DEFAULT = OutboundProfile()


def broken_outbound(body: OutboundAddresses, at: str = "") -> list[FieldError]:
    """The rules that a request breaks and that its schema cannot say. `at`: where the addresses stand in it."""
    found: list[FieldError] = []
    named = [name for name in _SOURCES if getattr(body, name) is not None]
    found += [
        FieldError("outbound_source_twice", f"{at}/{name}", f"Give one of {', '.join(_SOURCES)}; AKS takes one kind.")
        for name in named[1:]
    ]
    for name in ("public_ips", "prefix_ids"):
        given = [each.lower() for each in getattr(body, name) or []]
        if len(set(given)) < len(given):
            found.append(FieldError("duplicate_value", f"{at}/{name}", "Each is named once."))
    ports = body.ports_per_node or 0
    if ports % PORT_STEP:
        detail = f"Azure gives ports in steps of {PORT_STEP}: {rounded(ports)} or {rounded(ports) + PORT_STEP}."
        found.append(FieldError("ports_not_a_multiple_of_8", f"{at}/ports_per_node", detail))
    return found


def merged_outbound(before: OutboundProfile, body: OutboundAddresses, public_ip_ids: Sequence[str]) -> OutboundProfile:
    """What shall be: RFC 7396, a member that is not named stays and one that is null takes its default."""
    after = before
    if body.managed_ip_count is not None:
        after = replace(after, managed_count=body.managed_ip_count, public_ip_ids=(), prefix_ids=())
    elif body.public_ips is not None:
        after = replace(after, managed_count=None, public_ip_ids=tuple(public_ip_ids), prefix_ids=())
    elif body.prefix_ids is not None:
        after = replace(after, managed_count=None, public_ip_ids=(), prefix_ids=tuple(body.prefix_ids))
    elif _source_of(before) in body.model_fields_set:
        # The present kind was set to null: back to what AKS manages.
        after = replace(after, managed_count=_DEFAULT.managed_count, public_ip_ids=(), prefix_ids=())
    if "ports_per_node" in body.model_fields_set:
        after = replace(after, allocated_ports=body.ports_per_node or 0)
    if "idle_timeout_minutes" in body.model_fields_set:
        minutes = body.idle_timeout_minutes
        after = replace(after, idle_timeout_minutes=_DEFAULT.idle_timeout_minutes if minutes is None else minutes)
    return after


def _source_of(outbound: OutboundProfile) -> str:
    if outbound.public_ip_ids:
        return "public_ips"
    return "prefix_ids" if outbound.prefix_ids else "managed_ip_count"
