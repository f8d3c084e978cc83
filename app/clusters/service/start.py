"""Who asks, and how a job about a cluster is started."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.services import Services
from app.auth.principals import Principal
from app.auth.scope import ProjectRef, Scope, get_cluster
from app.clusters.specs.states import CHANGEABLE, SERVING, STOPPED
from app.core.errors import ConflictError, NotFoundError
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.engine.queue import JobQueue
from app.events import emit
from app.jobs import service as jobs
from app.models import Cluster, ClusterState, Job, Project, Role

SUPERSEDED = "superseded_by_delete"


class NameTakenError(ConflictError):
    """The project has a living cluster of this name."""

    code = "name_taken"
    remedy = "Choose another name, or delete that cluster first."


class NotReadyError(ConflictError):
    """The cluster's state does not allow this change."""

    code = "cluster_not_ready"


class ClusterStoppedError(ConflictError):
    """The cluster is stopped: it can be started or deleted, and nothing else."""

    code = "cluster_stopped"
    remedy = "Start it: POST /v1/clusters/{id}:start. Then ask again."


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a change, with what is needed to carry it out."""

    scope: Scope
    queue: JobQueue
    now: datetime

    @property
    def name(self) -> str:
        """The principal, as rows name it."""
        return self.scope.principal.id

    async def start(
        self,
        session: AsyncSession,
        kind: JobKind,
        target: jobs.Target,
        *,
        options: JsonObject | None = None,
        request: JsonObject | None = None,
        first: bool = False,
    ) -> Job:
        """Start a job of the caller's project. `first`: before those that are queued."""
        return await jobs.start_job(
            session,
            self.queue,
            kind=kind,
            target=target,
            project_id=self.scope.project.id,
            requested_by=self.name,
            now=self.now,
            request=request,
            options=options,
            first=first,
        )

    async def make_way(
        self, session: AsyncSession, partition: str, deletion: JobKind, *, target_id: str | None = None
    ) -> Job | None:
        """Ask a partition's jobs, or those about one target, to stop; the deletion that is at it already, if one is."""
        for job in await jobs.open_jobs_of(session, partition):
            if target_id is not None and job.target_id != target_id:
                continue
            if job.kind == deletion.name and job.cancel_code is None:
                return job
            await jobs.ask_to_stop(session, job, code=SUPERSEDED, now=self.now)
        return None


class _Asking(Protocol):
    @property
    def scope(self) -> Scope: ...
    @property
    def services(self) -> Services: ...
    @property
    def now(self) -> datetime: ...


def asker_of(call: _Asking) -> Asker:
    """Who makes a request."""
    return Asker(call.scope, jobs.parts_of(call.services).queue, call.now)


async def asker_for(session: AsyncSession, queue: JobQueue, project_id: str, name: str, now: datetime) -> Asker:
    """Who asks by what was asked before, or set: a deletion that takes more with it, an end that has come."""
    project = await session.get_one(Project, project_id)
    principal = Principal(name, name, Role.OPERATOR, project.id)
    return Asker(Scope(principal, ProjectRef(project.id, project.name, project.subscription_id)), queue, now)


async def lock_cluster(session: AsyncSession, scope: Scope, id_or_name: str) -> Cluster:
    """A living cluster, locked until the commit, and before it the jobs that are at work on it.

    In this order, since a job's own transactions lock the job first.
    """
    found = await get_cluster(session, scope, id_or_name)
    await jobs.open_jobs_of(session, partition_of(found))
    await session.refresh(found, with_for_update=True)
    if found.deleted_at is not None:
        raise NotFoundError("There is no such cluster.")
    return found


def partition_of(cluster: Cluster) -> str:
    """What Azure locks: jobs of one cluster run one at a time."""
    return f"cluster:{cluster.id}"


async def start(
    session: AsyncSession,
    asker: Asker,
    kind: JobKind,
    cluster: Cluster,
    *,
    options: JsonObject,
    request: JsonObject | None = None,
) -> Job:
    """Start a job of the cluster's, in its partition."""
    target = jobs.Target(cluster.id, cluster.name, partition_of(cluster))
    return await asker.start(session, kind, target, options=options, request=request)


def require_serving(cluster: Cluster) -> None:
    """Raise ClusterStoppedError, or NotReadyError, unless the cluster's own API server can be asked."""
    require_running(cluster)
    if cluster.state not in SERVING:
        raise NotReadyError(f"The cluster is {cluster.state}.", remedy="Wait until it is ready.")


def require_running(cluster: Cluster) -> None:
    """Raise ClusterStoppedError where the cluster is stopped or about to be: Azure refuses all but its start."""
    if cluster.state in STOPPED:
        raise ClusterStoppedError(f"The cluster is {cluster.state}.")


def require_changeable(cluster: Cluster) -> None:
    """Raise ClusterStoppedError, or NotReadyError, unless a change can be queued for the cluster."""
    require_running(cluster)
    if cluster.state == ClusterState.LOST:
        raise NotReadyError(
            "The cluster is lost: Azure has it no more.",
            remedy="Delete it here; then the name is free, and a cluster of this name can be created again.",
        )
    if cluster.state not in CHANGEABLE:
        raise NotReadyError(
            f"The cluster is {cluster.state}.",
            remedy="Wait until it is ready; a failed one is taken up again by `:retry` of its job, or deleted.",
        )


def want(cluster: Cluster, change: JsonObject, now: datetime) -> None:
    """Change members of what is wanted of a cluster."""
    cluster.wanted = {**cluster.wanted, **change}
    cluster.version += 1
    cluster.updated_at = now


async def tell(session: AsyncSession, cluster: Cluster, event: str, now: datetime, **more: str) -> None:
    """Append an event about the cluster, with its name and its state; `more` goes into its data too."""
    await emit(
        session,
        event,
        at=now,
        project_id=cluster.project_id,
        subject=("cluster", cluster.id),
        data={"name": cluster.name, "state": cluster.state, **more},
    )
