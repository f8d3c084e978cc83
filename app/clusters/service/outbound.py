"""By which addresses a cluster reaches the internet, and how many nodes they carry."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.read import list_pools
from app.clusters.service.start import Asker, require_changeable, start, want
from app.clusters.specs import kinds
from app.clusters.specs.snat import PoolSize, Snat, snat_of
from app.clusters.specs.wanted import Wanted, WantedOutbound, outbound_from_json, outbound_json
from app.core.errors import ConflictError, ErrorClass, FieldError, SlipwayError
from app.core.json import JsonObject
from app.models import AzureResource, Cluster, Job

_THROUGH_A_BALANCER = "loadbalancer"


class SnatExhaustedError(SlipwayError):
    """With this change the outbound addresses have not enough ports for all nodes; Azure would refuse it."""

    code = "snat_ports_exhausted"
    status = 422
    title = "The outbound addresses have too few ports"
    error_class = ErrorClass.QUOTA


class NoOutboundError(ConflictError):
    """The cluster reaches the internet in another way than through its load balancer."""

    code = "outbound_not_by_load_balancer"
    remedy = "A cluster's outbound type is fixed: make a cluster with `outboundType: loadBalancer`."


def outbound_of(cluster: Cluster) -> WantedOutbound:
    """What is wanted; where nobody asked, what Azure last said, and before that AKS's default: one address."""
    wanted = Wanted.from_json(cluster.wanted).outbound
    if wanted is not None:
        return wanted
    observed = (cluster.observed or {}).get("outbound")
    return WantedOutbound() if observed is None else outbound_from_json(observed)


async def snat_of_cluster(
    session: AsyncSession, cluster: Cluster, outbound: WantedOutbound, *, counts: Mapping[str, int] | None = None
) -> Snat | None:
    """The sum for an outbound profile, with `counts` in place of what some pools have.

    None where it is not known how many addresses a prefix has: it was never seen in Azure.
    """
    addresses = await _addresses(session, outbound)
    if addresses is None:
        return None
    sizes = []
    lent = {pool["name"]: sum((pool.get("lent") or {}).values()) for pool in cluster.wanted["pools"]}
    for pool in await list_pools(session, [cluster]):
        seen = pool.observed or {}
        # An autoscaler's pool may reach its maximum without anybody asking.
        nodes = (counts or {}).get(pool.name, seen.get("max_count") or pool.count + lent.get(pool.name, 0))
        sizes.append(PoolSize(nodes, seen.get("max_surge")))
    return snat_of(sizes, addresses=addresses, ports_per_node=outbound.allocated_ports)


async def _addresses(session: AsyncSession, outbound: WantedOutbound) -> int | None:
    if outbound.public_ip_ids:
        return len(outbound.public_ip_ids)
    if not outbound.prefix_ids:
        return outbound.managed_count or 1
    keys = [each.lower() for each in outbound.prefix_ids]
    asked = select(AzureResource.body).where(func.lower(AzureResource.key).in_(keys)).limit(len(keys))
    lengths = [body.get("length") for body in (await session.scalars(asked)).all()]
    known = [length for length in lengths if isinstance(length, int)]
    return sum(2 ** (32 - length) for length in known) if len(known) == len(keys) else None


def require_fit(snat: Snat | None, pointer: str) -> None:
    """Raise SnatExhaustedError where the nodes' ports are more than the addresses have."""
    if snat is not None and not snat.fits:
        raise SnatExhaustedError(
            snat.sentence(), remedy=snat.cure(), errors=[FieldError("snat_ports_exhausted", pointer, snat.sentence())]
        )


async def require_ports_for(session: AsyncSession, cluster: Cluster, *, pool: str, count: int) -> None:
    """Raise SnatExhaustedError where a pool of so many nodes is more than the outbound addresses carry.

    One that grows no larger may stay: what is too large already is not kept from shrinking.
    """
    outbound = outbound_of(cluster)
    before = await snat_of_cluster(session, cluster, outbound)
    after = await snat_of_cluster(session, cluster, outbound, counts={pool: count})
    if before is not None and after is not None and after.total_nodes > before.total_nodes:
        require_fit(after, "/count")


async def require_ports_of_new(session: AsyncSession, wanted: Wanted, pointer: str) -> None:
    """Raise SnatExhaustedError where a new cluster asks for more ports than its outbound addresses have."""
    if wanted.outbound is None:
        return
    addresses = await _addresses(session, wanted.outbound)
    sizes = [PoolSize(pool.spec.max_count or pool.spec.count, pool.spec.max_surge) for pool in wanted.pools]
    if addresses is not None:
        require_fit(snat_of(sizes, addresses=addresses, ports_per_node=wanted.outbound.allocated_ports), pointer)


async def change_outbound(
    session: AsyncSession, asker: Asker, cluster: Cluster, outbound: WantedOutbound, *, options: JsonObject
) -> Job:
    """Write a new outbound profile into what is wanted, and start the job that sends it.

    Raises NotReadyError, NoOutboundError, SnatExhaustedError.
    """
    require_changeable(cluster)
    network = (cluster.observed or {}).get("network", {})
    if (network.get("outbound_type") or _THROUGH_A_BALANCER).lower() != _THROUGH_A_BALANCER:
        raise NoOutboundError(f"The cluster's outbound type is {network['outbound_type']}.")
    require_fit(await snat_of_cluster(session, cluster, outbound), "/ports_per_node")
    want(cluster, {"outbound": outbound_json(outbound)}, asker.now)
    return await start(session, asker, kinds.OUTBOUND, cluster, options=options)
