"""Pure: how a cluster's outbound profile is shown."""

from app.azure.types.cluster import OutboundProfile
from app.clusters.specs.applied import outbound_differs
from app.clusters.specs.snat import Snat
from app.clusters.specs.wanted import outbound_from_json
from app.load_balancers.schemas.outbound import OutboundRead, SnatRead
from app.models import Cluster


def outbound_read(cluster: Cluster, outbound: OutboundProfile, snat: Snat | None) -> OutboundRead:
    """An outbound profile as callers see it."""
    observed = cluster.observed or {}
    seen = observed.get("outbound")
    return OutboundRead(
        cluster_id=cluster.id,
        managed_ip_count=None if outbound.public_ip_ids or outbound.prefix_ids else outbound.managed_count,
        public_ip_ids=list(outbound.public_ip_ids),
        prefix_ids=list(outbound.prefix_ids),
        ports_per_node=outbound.allocated_ports,
        idle_timeout_minutes=outbound.idle_timeout_minutes,
        applied=seen is not None and not outbound_differs(outbound_from_json(seen), outbound),
        addresses=observed.get("outbound_ips", []),
        snat=None if snat is None else snat_read(snat),
        observed_at=cluster.observed_at,
    )


def snat_read(snat: Snat) -> SnatRead:
    """The arithmetic as callers see it."""
    return SnatRead(
        addresses=snat.addresses,
        ports_available=snat.available,
        nodes=snat.nodes,
        surge_nodes=snat.surge,
        ports_per_node=snat.ports_per_node,
        ports_needed=snat.needed,
        carries_nodes=snat.carries,
        breaks_at_nodes=snat.breaks_at,
        fewer_ports_at_nodes=snat.fewer_ports_at,
        fits=snat.fits,
        explanation=snat.sentence(),
    )
