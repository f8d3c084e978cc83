"""Ask for exposures, change and remove them: rows, and the jobs that bring clusters and Azure in line with them."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, get_cluster, in_project
from app.clusters.service.start import Asker, require_serving
from app.core.errors import ConflictError, FieldError, NotFoundError
from app.core.ids import Prefix, is_id, new_id
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.events import emit
from app.jobs import service as jobs
from app.load_balancers.schemas.exposures import ExposureCreate, ExposureUpdate
from app.load_balancers.service.exposure_checks import Found, look_around, root_of
from app.load_balancers.service.made_address import reserve_for_exposure
from app.load_balancers.specs import exposure_kinds as kinds
from app.load_balancers.specs.exposure_changes import changed, merged
from app.load_balancers.specs.exposure_observed import seen_as_wanted
from app.load_balancers.specs.exposure_rules import check_exposure
from app.load_balancers.specs.exposure_wanted import WantedExposure
from app.models import Cluster, Exposure, ExposureState, Job, JobState


class ServiceNameTakenError(ConflictError):
    """The cluster has a Service of type LoadBalancer of this name."""

    code = "name_taken"
    remedy = "Choose another name or namespace, or delete that one first."


class NotManagedError(ConflictError):
    """Others made the Service (kubectl, Helm): Slipway shows it, and never changes it."""

    code = "exposure_not_managed"
    remedy = "Change or delete the Service where it was made."


class ExposureLeavingError(ConflictError):
    """The exposure is being deleted."""

    code = "exposure_deleting"


async def create_exposure(
    session: AsyncSession, asker: Asker, cluster_name: str, body: ExposureCreate
) -> tuple[Job, Exposure]:
    """Write the exposure's row and start the job that makes it. Raises InvalidRequestError with all that is wrong."""
    cluster = await get_cluster(session, asker.scope, cluster_name, lock=True)
    require_serving(cluster)
    found = await look_around(session, asker.scope, cluster, body)
    wanted = check_exposure(_resolved(body, found), found.share_with, found.errors)
    await _require_free_name(session, cluster, body)
    exposure_id = new_id(Prefix.EXPOSURE)
    if wanted.public_ip is not None and wanted.public_ip.make:
        made = await reserve_for_exposure(session, asker, cluster, body, exposure_id=exposure_id)
        wanted = replace(wanted, public_ip=replace(wanted.public_ip, id=made.id))
    exposure = Exposure(
        id=exposure_id,
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        namespace=body.namespace,
        name=body.name,
        managed=True,
        state=ExposureState.PENDING,
        wanted=wanted.as_json(),
        created_by=asker.name,
        created_at=asker.now,
        updated_at=asker.now,
    )
    session.add(exposure)
    await session.flush()
    await tell(session, exposure, "exposure.create_requested", asker.now)
    job = await _start(session, asker, kinds.CREATE, exposure, options=body.options.model_dump(mode="json"))
    return job, exposure


async def update_exposure(session: AsyncSession, asker: Asker, exposure: Exposure, body: ExposureUpdate) -> Job | None:
    """Merge the change into what is wanted, and start the job that applies it.

    None where nothing is changed and the exposure is as it is wanted, as far as that is known.
    """
    _require_managed(exposure)
    if exposure.state == ExposureState.DELETING:
        raise ExposureLeavingError("The exposure is being deleted.")
    before = WantedExposure.from_json(exposure.wanted or {})
    asked = merged(before.as_json(), body, namespace=exposure.namespace, name=exposure.name)
    cluster = await session.get_one(Cluster, exposure.cluster_id)
    found = await look_around(session, asker.scope, cluster, asked, itself=exposure.id)
    errors = [*found.errors, *_immutable(before, asked)]
    wanted = check_exposure(_resolved(asked, found), found.share_with, errors)
    if wanted.public_ip is not None and wanted.public_ip.make:
        made_id = before.public_ip.id if before.public_ip is not None and before.public_ip.make else None
        if made_id is None:
            made_id = (await reserve_for_exposure(session, asker, cluster, asked, exposure_id=exposure.id)).id
        wanted = replace(wanted, public_ip=replace(wanted.public_ip, id=made_id))
    names = changed(before, wanted)
    if not names and await _in_order(session, exposure, wanted):
        return None
    if names:
        exposure.wanted = wanted.as_json()
        exposure.version += 1
        exposure.updated_at = asker.now
    request = {"changed": names, "before": before.as_json()}
    return await _start(
        session, asker, kinds.UPDATE, exposure, options=body.options.model_dump(mode="json"), request=request
    )


async def delete_exposure(session: AsyncSession, asker: Asker, exposure: Exposure, options: JsonObject) -> Job:
    """Start the job that removes the exposure, whatever its state; asking twice gives the job that is at it already."""
    _require_managed(exposure)
    running = await asker.make_way(session, partition_of(exposure), kinds.DELETE, target_id=exposure.id)
    if running is not None:
        return running
    before = exposure.state
    if exposure.state != ExposureState.DELETING:
        exposure.state = ExposureState.DELETING
        exposure.version += 1
        exposure.updated_at = asker.now
    await tell(session, exposure, "exposure.delete_requested", asker.now)
    return await _start(session, asker, kinds.DELETE, exposure, options=options, request={"before": before})


async def lock_exposure(session: AsyncSession, scope: Scope, cluster_name: str, exposure_id: str) -> Exposure:
    """A living exposure, locked until the commit, and before it the jobs that are at work on it."""
    cluster = await get_cluster(session, scope, cluster_name)
    found = await _find(session, scope, cluster, exposure_id)
    if found is None or found.deleted_at is not None:
        raise no_such_exposure()
    await jobs.open_jobs_of(session, partition_of(found))
    await session.refresh(found, with_for_update=True)
    if found.deleted_at is not None:
        raise no_such_exposure()
    return found


async def _find(session: AsyncSession, scope: Scope, cluster: Cluster, exposure_id: str) -> Exposure | None:
    if not is_id(exposure_id, Prefix.EXPOSURE):
        return None
    asked = in_project(select(Exposure), Exposure, scope)
    asked = asked.where(Exposure.id == exposure_id, Exposure.cluster_id == cluster.id)
    return (await session.scalars(asked)).one_or_none()


def no_such_exposure() -> NotFoundError:
    """The answer for an exposure that does not exist, or belongs to another cluster or project."""
    return NotFoundError(
        "There is no such exposure.", remedy="List the cluster's exposures: GET /v1/clusters/{cluster}/exposures."
    )


def partition_of(exposure: Exposure) -> str:
    """Jobs about one address run one at a time: an exposure that shares another's stands in its line."""
    return f"exposure:{root_of(exposure)}"


async def _start(
    session: AsyncSession,
    asker: Asker,
    kind: JobKind,
    exposure: Exposure,
    *,
    options: JsonObject,
    request: JsonObject | None = None,
) -> Job:
    target = jobs.Target(exposure.id, f"{exposure.namespace}/{exposure.name}", partition_of(exposure))
    return await asker.start(session, kind, target, options=options, request=request)


async def tell(session: AsyncSession, exposure: Exposure, event: str, now: datetime, **more: str) -> None:
    """Append an event about the exposure, with its name and its state; `more` goes into its data too."""
    data = {
        "name": exposure.name,
        "namespace": exposure.namespace,
        "cluster_id": exposure.cluster_id,
        "state": exposure.state,
        **more,
    }
    await emit(session, event, at=now, project_id=exposure.project_id, subject=("exposure", exposure.id), data=data)


async def _in_order(session: AsyncSession, exposure: Exposure, wanted: WantedExposure) -> bool:
    """Whether the last job has proven what is wanted, and nothing else was seen since."""
    if exposure.state != ExposureState.READY or not seen_as_wanted(wanted, exposure.observed or {}):
        return False
    last = (
        await session.scalars(select(Job).where(Job.target_id == exposure.id).order_by(Job.id.desc()).limit(1))
    ).first()
    # Jobs of long ago are not kept.
    return last is None or (last.state == JobState.SUCCEEDED and (last.outcome or {}).get("accepted") is not True)


def _require_managed(exposure: Exposure) -> None:
    if not exposure.managed:
        raise NotManagedError("Slipway did not make this Service.")


async def _require_free_name(session: AsyncSession, cluster: Cluster, body: ExposureCreate) -> None:
    asked = select(Exposure).where(
        Exposure.cluster_id == cluster.id,
        Exposure.namespace == body.namespace,
        Exposure.name == body.name,
        Exposure.deleted_at.is_(None),
    )
    taken = (await session.scalars(asked)).one_or_none()
    if taken is not None:
        whose = "Slipway made it" if taken.managed else "others made it"
        raise ServiceNameTakenError(
            f"The namespace has a Service of this name with an address; {whose}, and it is {taken.state}.",
            errors=[FieldError("name_taken", "/name", f"The exposure {taken.id} has this name.")],
        )


def _resolved(body: ExposureCreate, found: Found) -> ExposureCreate:
    """The same with the address by its id: a name may be given to another one later."""
    if body.public_ip is None or found.public_ip is None:
        return body
    return body.model_copy(update={"public_ip": body.public_ip.model_copy(update={"id": found.public_ip.id})})


def _immutable(before: WantedExposure, asked: ExposureCreate) -> list[FieldError]:
    # https://kubernetes.io/docs/concepts/services-networking/dual-stack/
    if asked.ip_families[:1] == [before.ip_families[0]]:
        return []
    return [FieldError("immutable", "/ip_families/0", "Kubernetes never changes a Service's first family.")]
