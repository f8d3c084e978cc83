"""Add, change and remove node pools: the rows, and the jobs that bring Azure in line with them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.in_part import as_patched, patch_of, require_whole, unless_refused
from app.clusters.schemas.pools import NodePoolSettings, OsType, PoolMode
from app.clusters.service.lending import end_loans, require_unnamed
from app.clusters.service.offered import OfferCheck
from app.clusters.service.outbound import require_ports_for
from app.clusters.service.pool_states import require_staying
from app.clusters.service.read import list_pools
from app.clusters.service.start import SUPERSEDED, Asker, partition_of, require_changeable, start, tell, want
from app.clusters.specs.lending import check_fallback, check_lender
from app.clusters.specs.offers import Offer
from app.clusters.specs.pool_rules import check_gateways, check_networks, check_pool
from app.clusters.specs.pool_spec import azure_pool_name, settings_of, spec_of, wanted_of
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.settings_patch import resets_after
from app.clusters.specs.wanted import Wanted, WantedPool
from app.core.errors import ConflictError, NotFoundError
from app.core.ids import Prefix, is_id, new_id
from app.core.json import JsonObject, json_patch
from app.engine.kinds import JobKind
from app.jobs import service as jobs
from app.models import Cluster, Job, NodePool, NodePoolState
from app.node_pools.schemas import NodePoolAdd, NodePoolDeleteOptions, NodePoolUpdate
from app.node_pools.service.names import names_in_azure, require_free_name
from app.node_pools.service.offered import check_offered
from app.node_pools.service.rotation import require_no_rotation
from app.node_pools.specs import kinds
from app.node_pools.specs.changes import check_count, merged, only_ours, taken_back

MOST_POOLS = 100
"""https://learn.microsoft.com/azure/aks/quotas-skus-regions"""


class LastSystemPoolError(ConflictError):
    """The cluster's own pods need a system pool; this is the last one."""

    code = "last_system_pool"
    remedy = "Add another system pool first."


@dataclass(frozen=True, slots=True)
class Change:
    """What a PATCH came to: the job, None where Azure need not hear of it, and what is different, as a JSON Patch."""

    job: Job | None
    changes: list[JsonObject]


async def find_pool(session: AsyncSession, cluster: Cluster, id_or_name: str) -> NodePool:
    """A pool by id, also after its deletion, or by its name while it lives. Raises NotFoundError."""
    mine = select(NodePool).where(NodePool.cluster_id == cluster.id)
    if is_id(id_or_name, Prefix.NODE_POOL):
        found = mine.where(NodePool.id == id_or_name)
    else:
        found = mine.where(NodePool.name == id_or_name, NodePool.deleted_at.is_(None))
    row = (await session.scalars(found.limit(1))).first()
    if row is None:
        raise NotFoundError("The cluster has no such node pool.")
    return row


async def add_pool(session: AsyncSession, asker: Asker, cluster: Cluster, body: NodePoolAdd) -> tuple[Job, NodePool]:
    """Write the pool's row and what is wanted of it, and start the job that makes it: all, or nothing."""
    require_changeable(cluster)
    rows = await list_pools(session, [cluster])
    with unless_refused():
        require_free_name(cluster, rows, body.name)
    rejections = Rejections()
    check_pool(body, "", rejections)
    check_beside(cluster, body, rejections)
    check_gateways({"": body}, Wanted.from_json(cluster.wanted).settings.get("azure_properties") or {}, rejections)
    await check_offered(cluster.location, body, OfferCheck(session, cluster.subscription_id, asker.now, rejections))
    if len(rows) >= MOST_POOLS:
        rejections.add("too_many_node_pools", "", f"A cluster has at most {MOST_POOLS} node pools.")
    rejections.raise_if_any()
    spec = spec_of(body, azure_pool_name(body.name, body.os_type, taken=names_in_azure(cluster, rows)))
    network = Wanted.from_json(cluster.wanted).settings.get("network") or {}
    spec = replace(spec, subnet_id=spec.subnet_id or network.get("subnet_id"))
    row = NodePool(
        id=new_id(Prefix.NODE_POOL),
        cluster_id=cluster.id,
        name=body.name,
        azure_name=spec.name,
        state=NodePoolState.CREATING,
        mode=spec.mode,
        os_type=spec.os_type,
        vm_size=spec.vm_size,
        count=0,
        created_at=asker.now,
        updated_at=asker.now,
    )
    session.add(row)
    await session.flush()
    await require_ports_for(session, cluster, pool=row.name, count=spec.max_count or spec.count)
    row.count = spec.count
    _want_pools(cluster, [*Wanted.from_json(cluster.wanted).pools, wanted_of(row.name, body, spec)], asker.now)
    await tell(session, cluster, "node_pool.create_requested", asker.now, pool=row.name)
    first = Offer.of(Wanted.from_json(cluster.wanted), [row.name])
    others = [first.instead(location=None, size=each.size, zones=each.zones) for each in body.fallbacks]
    job = await start_job(
        session,
        asker,
        kinds.CREATE,
        cluster,
        row=row,
        options=body.options.model_dump(mode="json"),
        **({"offers": [offer.as_json() for offer in (first, *others)]} if others else {}),
    )
    return job, row


async def change_pool(
    session: AsyncSession, asker: Asker, cluster: Cluster, row: NodePool, body: NodePoolUpdate
) -> Change:
    """Merge the patch into what is wanted of the pool, and start the job that sends what differs."""
    require_changeable(cluster)
    require_staying(row, running=True)
    await require_no_rotation(session, row)
    wanted = Wanted.from_json(cluster.wanted)
    pool = wanted.pool(row.name)
    if pool is None:
        raise NotFoundError("The cluster has no such node pool.")
    before = settings_of(pool)
    rejections = Rejections()
    after = merged(before, patch_of(body, exclude={"options"}), rejections)
    check_count(body, after, rejections)
    settings = read_settings(after, rejections)
    ruled = as_patched(settings, body)
    check_pool(ruled, "", rejections)
    check_fallback(ruled, wanted.beside(row.name), "", rejections)
    check_lender(ruled, wanted.naming(row.name), rejections)
    rejections.raise_if_any()
    require_whole(body)
    if before["mode"] == PoolMode.SYSTEM and settings.mode is not PoolMode.SYSTEM:
        _require_another_system_pool(await list_pools(session, [cluster]), row)
    changes = json_patch(before, after)
    if not changes:
        return Change(None, [])
    resets = resets_after(pool.spec.resets, taken_back(before, after), after, {})
    spec = replace(spec_of(settings, row.azure_name), resets=tuple(resets))
    said: JsonObject = {}
    if (spec.count, spec.auto_scaling) != (before["count"], before["autoscaling"] is not None):
        # A job before this one may come to want another count.
        said = {} if spec.auto_scaling else {"count": spec.count}
        await end_loans(session, cluster, row.name, now=asker.now)
        wanted = Wanted.from_json(cluster.wanted)
    after_it = replace(wanted_of(row.name, settings, spec), lent=wanted.lent_by(row.name))
    await require_ports_for(session, cluster, pool=row.name, count=spec.max_count or after_it.in_azure.count)
    _want_pools(cluster, [after_it if pool.name == row.name else pool for pool in wanted.pools], asker.now)
    if only_ours(changes):
        _touch(row, NodePoolState(row.state), asker.now)
        await tell(session, cluster, "node_pool.eviction_set", asker.now, pool=row.name)
        return Change(None, changes)
    row.count, row.mode = spec.count, spec.mode
    # Of one whose creation is still queued an earlier job must not say that Azure has it no more.
    state = NodePoolState.CREATING if row.state == NodePoolState.CREATING else NodePoolState.UPDATING
    _touch(row, state, asker.now)
    options = body.options.model_dump(mode="json")
    job = await start_job(session, asker, kinds.UPDATE, cluster, row=row, options=options, **said)
    return Change(job, changes)


async def delete_pool(
    session: AsyncSession,
    asker: Asker,
    cluster: Cluster,
    row: NodePool,
    options: NodePoolDeleteOptions,
) -> Job:
    """Start the job that removes the pool; jobs that are at work on it make way. Asking twice gives the same job."""
    require_changeable(cluster)
    rows = await list_pools(session, [cluster])
    if row.mode == PoolMode.SYSTEM:
        _require_another_system_pool(rows, row)
    require_unnamed(cluster, rows, row)
    for job in await jobs.open_jobs_of(session, partition_of(cluster)):
        if job.request.get("pool_id") != row.id or job.cancel_code is not None:
            continue
        if job.kind == kinds.DELETE.name:
            return job
        await jobs.ask_to_stop(session, job, code=SUPERSEDED, now=asker.now)
    _touch(row, NodePoolState.DELETING, asker.now)
    await tell(session, cluster, "node_pool.delete_requested", asker.now, pool=row.name)
    return await start_job(
        session,
        asker,
        kinds.DELETE,
        cluster,
        row=row,
        options=options.run_options(),
        ignore_budgets=options.ignore_disruption_budgets,
        drain=options.drain,
        drain_timeout_seconds=options.drain_timeout_seconds,
    )


def check_beside(cluster: Cluster, body: NodePoolSettings, rejections: Rejections, *, but: str = "") -> None:
    """Note what does not go with the cluster and its other pools; `but`: the pool that it takes the place of."""
    others = Wanted.from_json(cluster.wanted).beside(but)
    check_networks({**others, "": body}, rejections)
    check_fallback(body, others, "", rejections)
    plugin = (cluster.observed or {}).get("network", {}).get("plugin")
    with unless_refused():
        if body.os_type is OsType.WINDOWS and str(plugin).lower() == "kubenet":
            detail = "Windows pools need Azure CNI; the cluster's network is kubenet."
            rejections.add("windows_needs_azure_cni", "/os_type", detail)


async def start_job(
    session: AsyncSession,
    asker: Asker,
    kind: JobKind,
    cluster: Cluster,
    *,
    row: NodePool,
    options: JsonObject,
    **more: Any,
) -> Job:
    """Start a job about a pool, in its cluster's partition; `more` goes into its request."""
    request: JsonObject = {"pool_id": row.id, "pool": row.azure_name, "name": row.name, **more}
    return await start(session, asker, kind, cluster, options=options, request=request)


def _want_pools(cluster: Cluster, pools: list[WantedPool], now: datetime) -> None:
    want(cluster, {"pools": [pool.as_json() for pool in pools]}, now)


def read_settings(after: JsonObject, rejections: Rejections) -> NodePoolSettings:
    """What a pool is to be after a change; raises InvalidRequestError where that is no pool."""
    try:
        return NodePoolSettings.model_validate(after)
    except ValidationError as error:
        for found in error.errors():
            rejections.add("wrong_value", "".join(f"/{part}" for part in found["loc"]), str(found["msg"]))
        raise rejections.as_error() from None


def _touch(row: NodePool, state: NodePoolState, now: datetime) -> None:
    row.state = state
    row.version += 1
    row.updated_at = now


def _require_another_system_pool(rows: Sequence[NodePool], row: NodePool) -> None:
    others = [other for other in rows if other.id != row.id and other.mode == PoolMode.SYSTEM]
    if not any(other.state not in {NodePoolState.DELETING, NodePoolState.LOST} for other in others):
        raise LastSystemPoolError(f"{row.name} is the cluster's last system pool.")
