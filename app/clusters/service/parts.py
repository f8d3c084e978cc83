"""What other slices hold of a cluster, and what becomes of it when the cluster goes. `bootstrap` registers them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.deletion import Flag
from app.clusters.service.start import Asker
from app.clusters.specs.deletion import Fates, Item
from app.models import Cluster, Job

Remove = Callable[[AsyncSession, Asker, str], Awaitable[Job]]
"""Starts the job that removes a thing, by its id, as a request for that would; raises what such a request meets."""


@dataclass(frozen=True, slots=True)
class ClusterPart:
    """One slice's things that live in a cluster.

    `open_jobs`: the jobs about them that have not ended, locked; they end when the cluster is to go. `record_gone`:
    writes that they went with it. `items`: what a deletion of the cluster would do with them, and with what they use.
    `removes`: by flag, how what can outlive the cluster is removed once the cluster is gone.
    """

    name: str
    open_jobs: Callable[[AsyncSession, Cluster], Awaitable[Sequence[Job]]]
    record_gone: Callable[[AsyncSession, Cluster, datetime], Awaitable[None]]
    items: Callable[[AsyncSession, Cluster, Fates], Awaitable[Sequence[Item]]]
    removes: Mapping[Flag, Remove] = field(default_factory=dict)


_registered: dict[str, ClusterPart] = {}


def register_part(part: ClusterPart) -> None:
    """Have this slice's things end with their cluster; registering twice changes nothing."""
    _registered[part.name] = part


async def open_jobs_of_parts(session: AsyncSession, cluster: Cluster) -> list[Job]:
    """All open jobs about parts of the cluster, locked."""
    return [job for part in _registered.values() for job in await part.open_jobs(session, cluster)]


async def items_of_parts(session: AsyncSession, cluster: Cluster, fates: Fates) -> list[Item]:
    """What a deletion of the cluster would do with all parts of it."""
    return [item for part in _registered.values() for item in await part.items(session, cluster, fates)]


async def record_parts_gone(session: AsyncSession, cluster: Cluster, *, now: datetime) -> None:
    """Write that all parts of the cluster went with it."""
    for part in _registered.values():
        await part.record_gone(session, cluster, now)


def removes_of_parts() -> dict[Flag, Remove]:
    """How things of each kind that outlive a cluster are removed."""
    return {flag: remove for part in _registered.values() for flag, remove in part.removes.items()}
