"""Upgrades: what the rows alone can refuse, the job, and what is bound to a preview."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import service as catalog
from app.catalog.service import CatalogKind
from app.clusters.service.read import list_pools
from app.clusters.service.start import Asker, partition_of, require_changeable, start
from app.clusters.specs import kinds
from app.clusters.specs.upgrade_path import (
    Fleet,
    PoolNow,
    UpgradeAsked,
    VersionNotOfferedError,
    refuse_by_numbers,
    stages_of,
    versions_of,
)
from app.clusters.specs.upgrade_request import asked_of
from app.clusters.specs.wanted import Wanted
from app.core.errors import FieldError, InvalidRequestError
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.jobs import service as jobs
from app.models import Cluster, Job


async def upgrade(
    session: AsyncSession,
    asker: Asker,
    cluster: Cluster,
    request: JsonObject,
    *,
    kind: JobKind = kinds.UPGRADE,
    options: JsonObject,
    more: JsonObject | None = None,
) -> Job:
    """Start the job. What the rows and the catalogue know to be impossible is refused at once; the rest by the job.

    `request`: as `upgrade_request` makes it; `more`: what another kind of job is told beside it.
    """
    require_changeable(cluster)
    require_pools(cluster, request)
    await _require_path(session, asker, cluster, request)
    return await start(session, asker, kind, cluster, options=options, request={**request, **(more or {})})


def require_pools(cluster: Cluster, request: JsonObject) -> None:
    """Raise InvalidRequestError where a pool is named that the cluster does not have."""
    known = [pool.name for pool in Wanted.from_json(cluster.wanted).pools]
    wrong = [
        FieldError("unknown_node_pool", f"/node_pools/{index}", f"The cluster has these pools: {', '.join(known)}.")
        for index, name in enumerate(request.get("node_pools") or ())
        if name not in known
    ]
    if wrong:
        raise InvalidRequestError("The cluster has no such node pool.", errors=wrong)


async def _require_path(session: AsyncSession, asker: Asker, cluster: Cluster, request: JsonObject) -> None:
    asked = asked_of(Wanted.from_json(cluster.wanted), request)
    running = (cluster.observed or {}).get("current_kubernetes_version")
    open_jobs = await jobs.open_jobs_of(session, partition_of(cluster))
    # What an upgrade before this one will have changed is not known yet.
    if running is None or asked.node_images or any(job.kind.endswith(".upgrade") for job in open_jobs):
        return
    listing = await catalog.get(
        session,
        catalog.location_key(cluster.subscription_id, CatalogKind.KUBERNETES_VERSIONS, cluster.location),
    )
    versions = versions_of(listing.items if listing is not None else ())
    pools = [
        PoolNow(row.azure_name, str((row.observed or {}).get("kubernetes_version") or running))
        for row in await list_pools(session, [cluster])
    ]
    young = listing is not None and asker.now - listing.observed_at <= catalog.CERTAIN_FOR
    ways = next((each.upgrades for each in versions if each.version == running), None)
    if young and ways is not None:
        _refuse(asked, Fleet(running, tuple(pools), ways, versions))
    else:
        refuse_by_numbers(asked, Fleet(running, tuple(pools), (), versions))


def _refuse(asked: UpgradeAsked, fleet: Fleet) -> None:
    try:
        stages_of(asked, fleet)
    except VersionNotOfferedError:
        # The cluster's own list may have more than the location's: of long-term support, for one.
        if any((asked.version or "") in {each.version, each.minor} for each in fleet.versions):
            return
        raise
