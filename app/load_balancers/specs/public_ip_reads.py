"""Pure: how addresses are shown."""

from datetime import datetime

from app.azure.types.tags import caller_tags
from app.load_balancers.schemas.public_ips import AddressUse, Origin, Orphan, PublicIpRead
from app.load_balancers.specs.address_use import UNUSED
from app.load_balancers.specs.public_ips import WantedAddress, azure_id_of, unused_since
from app.models import AzureResource, PublicIp, PublicIpState


def public_ip_read(row: PublicIp, use: AddressUse) -> PublicIpRead:
    """An address of the project's as callers see it."""
    observed = row.observed or {}
    wanted = WantedAddress.from_json(row.wanted)
    origin = Origin.SLIPWAY if row.managed else Origin.CALLER
    return PublicIpRead(
        id=row.id,
        name=row.name,
        state=row.state,
        origin=origin,
        address=row.address,
        version=wanted.version,
        sku=wanted.sku,
        dns_label=wanted.dns_label,
        fqdn=observed.get("fqdn"),
        zones=list(observed.get("zones") or wanted.zones),
        location=row.location,
        resource_group=row.resource_group,
        subscription_id=row.subscription_id,
        azure_id=azure_id_of(row),
        prefix_id=wanted.prefix_id,
        idle_timeout_minutes=observed.get("idle_timeout_minutes") or wanted.idle_timeout_minutes,
        used_by=use,
        orphan=_orphan(origin, use, unused_since(row) if row.state == PublicIpState.READY else None, row.id),
        tags=dict(wanted.tags or {}),
        observed_at=row.observed_at,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )


def seen_read(row: AzureResource, use: AddressUse) -> PublicIpRead:
    """An address that only a cluster has."""
    body = row.body
    return PublicIpRead(
        id=None,
        name=row.name,
        state=PublicIpState.READY,
        origin=Origin.CLUSTER,
        address=row.address,
        version=body["version"],
        sku=body["sku"],
        dns_label=body.get("dns_label"),
        fqdn=body.get("fqdn"),
        zones=list(body.get("zones") or ()),
        location=row.location,
        resource_group=row.resource_group,
        subscription_id=row.subscription_id,
        azure_id=row.azure_id,
        prefix_id=body.get("prefix_id"),
        idle_timeout_minutes=body.get("idle_timeout_minutes"),
        used_by=use,
        orphan=_orphan(Origin.CLUSTER, use, row.unused_since, row.azure_id),
        tags=caller_tags(body.get("tags") or {}),
        observed_at=row.observed_at,
        created_by=None,
        created_at=row.first_seen_at,
        updated_at=row.first_seen_at,
        deleted_at=None,
    )


def _orphan(origin: Origin, use: AddressUse, since: datetime | None, identity: str) -> Orphan | None:
    """Trouble 54: what nothing uses is told, with the safe way; only what is Slipway's own is offered for removal."""
    if use.kind != UNUSED.kind or since is None:
        return None
    action, remedy = {
        Origin.SLIPWAY: ("release", f"DELETE /v1/public-ips/{identity}, or POST /v1/public-ips:sweep."),
        Origin.CALLER: ("forget", "It is yours: Slipway never removes it. DELETE /v1/public-ips/{id} forgets it."),
        Origin.CLUSTER: (
            "remove_by_hand",
            f"If its Service is gone, and not about to take it: az network public-ip delete --ids {identity}",
        ),
    }[origin]
    return Orphan(since=since, action=action, remedy=remedy)
