"""Storage classes and claims: read as a cluster's reader saw them, made and removed by jobs."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, get_cluster
from app.clusters.service.start import Asker, require_changeable
from app.core.errors import ConflictError, FieldError, UnavailableError
from app.core.json import JsonObject
from app.db.pages import Page, Position
from app.engine.kinds import JobKind
from app.jobs import service as jobs
from app.models import Cluster, Job
from app.storage.schemas.storage_classes import StorageClassCreate
from app.storage.service.volume_seen import read_seen
from app.storage.specs import volume_kinds as kinds
from app.storage.specs.class_rules import class_json, class_of, is_managed
from app.storage.specs.storage_seen import StorageSeen

T = TypeVar("T")


class StorageNotSeenError(UnavailableError):
    """No worker has read the cluster's storage yet, or it may not be read."""

    code = "storage_not_seen"
    remedy = "Look at the cluster's `kubernetes` (GET /v1/clusters/{cluster}): it says whether it is read, and why not."


class ClassNameTakenError(ConflictError):
    """The cluster has a storage class of this name."""

    code = "name_taken"
    remedy = "Choose another name, or delete that class first: Kubernetes never changes a class."


class ClassNotManagedError(ConflictError):
    """AKS or others made the class: Slipway shows it, and never removes it."""

    code = "storage_class_not_managed"
    remedy = "Delete it where it was made."


async def seen_of(session: AsyncSession, scope: Scope, cluster_name: str) -> tuple[Cluster, StorageSeen]:
    """The cluster, and its storage as last seen. Raises NotFoundError and StorageNotSeenError."""
    cluster = await get_cluster(session, scope, cluster_name)
    stored, _ = await read_seen(session, cluster.id)
    seen = StorageSeen.from_json(stored)
    if seen.claims is None or seen.classes is None:
        raise StorageNotSeenError("No worker has read the cluster's storage yet.")
    return cluster, seen


def page_of(items: Iterable[T], key: Callable[[T], tuple[str, ...]], *, after: Position | None, limit: int) -> Page[T]:
    """One page of what lies in one row, in the order of `key`."""
    rest = sorted((item for item in items if after is None or key(item) > after), key=key)
    page = rest[:limit]
    return Page(page, key(page[-1]) if len(rest) > limit else None)


async def create_class(session: AsyncSession, asker: Asker, cluster_name: str, body: StorageClassCreate) -> Job:
    """Start the job that makes the class. Raises InvalidRequestError with all that is wrong."""
    cluster = await get_cluster(session, asker.scope, cluster_name, lock=True)
    require_changeable(cluster)
    spec = class_of(body)
    stored, _ = await read_seen(session, cluster.id)
    there = [found.name for found in StorageSeen.from_json(stored).classes or ()]
    if body.name in there:
        taken = FieldError("name_taken", "/name", "The cluster has a storage class of this name.")
        raise ClassNameTakenError(f"The cluster has a storage class {body.name}.", errors=[taken])
    options = {**body.options.model_dump(mode="json"), "on_busy": "queue"}
    request = {"class": class_json(spec)}
    return await _start(session, asker, kinds.CREATE_CLASS, cluster, name=body.name, options=options, request=request)


async def delete_class(session: AsyncSession, asker: Asker, cluster_name: str, name: str, options: JsonObject) -> Job:
    """Start the job that removes a class of Slipway's; what was made by it stays.

    The job looks for itself: what a reader saw may be older than the class.
    """
    cluster = await get_cluster(session, asker.scope, cluster_name, lock=True)
    require_changeable(cluster)
    stored, _ = await read_seen(session, cluster.id)
    seen = StorageSeen.from_json(stored).classes or ()
    if any(found.name == name and not is_managed(found) for found in seen):
        raise ClassNotManagedError(f"Slipway did not make the storage class {name}.")
    return await _start(session, asker, kinds.DELETE_CLASS, cluster, name=name, options=options, request={"name": name})


async def _start(
    session: AsyncSession,
    asker: Asker,
    kind: JobKind,
    cluster: Cluster,
    *,
    name: str,
    options: JsonObject,
    request: JsonObject,
) -> Job:
    target = jobs.Target(cluster.id, name, f"storage_classes:{cluster.id}")
    return await asker.start(session, kind, target, options=options, request=request)
