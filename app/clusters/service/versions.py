"""Which versions a cluster can be brought to, as far as the rows and the catalogue know it."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import service as catalog
from app.catalog.service import CatalogKind
from app.clusters.service.read import list_pools
from app.clusters.service.start import Asker, partition_of
from app.clusters.specs.fleet import Fleet, PoolNow, versions_of
from app.clusters.specs.upgrade_path import (
    LATEST,
    UpgradeAsked,
    VersionNotOfferedError,
    refuse_by_numbers,
    stages_of,
    target_of,
)
from app.clusters.specs.upgrade_queue import after
from app.clusters.specs.upgrade_request import asked_of
from app.clusters.specs.wanted import Wanted
from app.core.json import JsonObject
from app.jobs import service as jobs
from app.models import Cluster, Job

_VERSION = "kubernetes_version"


@dataclass(frozen=True, slots=True)
class _Known:
    """What will run when it is this change's turn. `certain`: by a list of Azure's that is young.

    `listed`: by a list at all. `moving`: jobs that change versions come before.
    """

    fleet: Fleet
    certain: bool
    listed: bool
    moving: bool


async def require_path(
    session: AsyncSession, asker: Asker, cluster: Cluster, request: JsonObject, *, options: JsonObject
) -> None:
    """Raise UpgradeRefusedError for an upgrade that is known to be impossible. What is doubtful is left to its job."""
    asked = asked_of(Wanted.from_json(cluster.wanted), request)
    known = None if asked.node_images else await _known(session, asker, cluster, options)
    if known is not None:
        _refuse(asked, known)


async def changes_version(
    session: AsyncSession, asker: Asker, cluster: Cluster, version: str, *, options: JsonObject
) -> bool:
    """Whether the control plane is to be brought to another version where this one is asked for.

    `1.34` and `latest` mean the newest patch that is offered from where the cluster is. Raises UpgradeRefusedError.
    """
    if version in {running_version(cluster), cluster.wanted.get(_VERSION)}:
        return False
    known = await _known(session, asker, cluster, options)
    if known is None:
        return True
    asked = UpgradeAsked(version)
    _refuse(asked, known)
    if known.moving or (version == LATEST and not known.listed):
        # A version is wanted only once it runs.
        return True
    try:
        return target_of(asked, known.fleet) != known.fleet.control_plane
    except VersionNotOfferedError:
        return True


def running_version(cluster: Cluster) -> str | None:
    """The version of the control plane, as it was last seen."""
    return (cluster.observed or {}).get("current_kubernetes_version")


async def _known(session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject) -> _Known | None:
    running = running_version(cluster)
    if running is None:
        return None
    listing = await catalog.get(
        session,
        catalog.location_key(cluster.subscription_id, CatalogKind.KUBERNETES_VERSIONS, cluster.location),
    )
    versions = versions_of(listing.items if listing is not None else ())
    pools = tuple(
        PoolNow(row.azure_name, str((row.observed or {}).get(_VERSION) or running), ours=row.name)
        for row in await list_pools(session, [cluster])
    )
    ways = next((each.upgrades for each in versions if each.version == running), ())
    fleet = Fleet(running, pools, ways, versions)
    young = listing is not None and asker.now - listing.observed_at <= catalog.CERTAIN_FOR
    queued = [job for job in await jobs.open_jobs_of(session, partition_of(cluster)) if _moves(job)]
    if queued:
        stops = options.get("on_busy") == "replace" or any(job.cancel_code is not None for job in queued)
        if stops or not young:
            # How far they come nobody can tell.
            return None
        wanted = Wanted.from_json(cluster.wanted)
        fleet = after([asked_of(wanted, job.request) for job in queued], fleet)
    certain = young and any(each.version == fleet.control_plane for each in versions)
    return _Known(fleet, certain, listed=listing is not None, moving=bool(queued))


def _moves(job: Job) -> bool:
    return job.request.get(_VERSION) is not None


def _refuse(asked: UpgradeAsked, known: _Known) -> None:
    if not known.certain:
        refuse_by_numbers(asked, known.fleet)
        return
    try:
        stages_of(asked, known.fleet)
    except VersionNotOfferedError:
        # The cluster's own list may have more than the location's: of long-term support, for one.
        if any((asked.version or "") in {each.version, each.minor} for each in known.fleet.versions):
            return
        raise
