"""Steps that put the Service into the cluster, and wait until its address answers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.core.errors import ConflictError, ErrorClass, SlipwayError
from app.engine.errors import JobFailedError
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud
from app.kubernetes.client import ClusterClient
from app.kubernetes.types.service import ServiceSpec, ServiceState
from app.load_balancers.specs.annotations import StaticAddress
from app.load_balancers.specs.pending import Pending, cause_of, mark_of
from app.load_balancers.specs.services import is_ours, service_of
from app.load_balancers.workflow.exposure_check import Checked
from app.load_balancers.workflow.exposure_plan import Asked
from app.load_balancers.workflow.inside import inside

_FIRST_LOOK_SECONDS = 0.5
_LONGEST_LOOK_SECONDS = 5.0
_PERSONS = frozenset({ErrorClass.CONFIGURATION, ErrorClass.CONFLICT})
_BLOCKING = frozenset({ErrorClass.QUOTA, ErrorClass.PERMISSION})


class ServiceLostError(SlipwayError):
    """Somebody deleted the Service, or put another one in its place, while its job ran."""

    code = "service_lost"
    status = 404
    title = "The Service is gone from the cluster"
    error_class = ErrorClass.GONE
    remedy = "Somebody removed it outside Slipway. Retry the job to make it again, or delete the exposure."


class ServiceNotOursError(ConflictError):
    """The cluster has a Service of this name that Slipway did not make for this exposure. It is never touched."""

    code = "service_not_ours"
    remedy = "Choose another name or namespace, or have that Service removed by whoever made it."


class BlockedError(SlipwayError):
    """Something that only a person can remove keeps Azure from giving an address."""

    code = "exposure_blocked"
    status = 409

    def __init__(self, cause: Pending) -> None:
        super().__init__(cause.detail)
        self.problem = cause.problem()


@dataclass(frozen=True, slots=True)
class Applied:
    """The Service that was applied. `known`: marks of the events that were there before."""

    uid: str
    known: tuple[str, ...] = ()


def spec_of(cloud: Cloud, asked: Asked, checked: Checked) -> ServiceSpec:
    """The Service as this job applies it."""
    return service_of(
        exposure_id=asked.exposure_id,
        job_id=cloud.job.id,
        namespace=asked.namespace,
        name=asked.name,
        wanted=asked.wanted,
        selector=checked.selector,
        statics=_statics(asked),
    )


def _statics(asked: Asked) -> tuple[StaticAddress, ...]:
    """Which address the controller is to take: a reserved one by its name, a shared one by what it is."""
    given = asked.reserved or (asked.shared.reserved if asked.shared else None)
    version = asked.wanted.ip_families[0]
    if given is not None:
        elsewhere = given.resource_group.lower() != asked.node_group.lower()
        return (StaticAddress(name=given.name, group=given.resource_group if elsewhere else None, version=version),)
    if asked.shared is None:
        return ()
    return tuple(
        StaticAddress(address=address, version="IPv6" if ":" in address else "IPv4")
        for address in asked.shared.addresses
    )


@cloud_step
async def put_service(cloud: Cloud, asked: Asked, checked: Checked) -> Applied:
    """Make the Service, or make it as it is wanted; one that is not ours is left alone."""
    spec = spec_of(cloud, asked, checked)
    async with inside(cloud, asked) as client:
        present = await client.service(asked.namespace, asked.name)
        known: tuple[str, ...] = ()
        if present is not None:
            require_ours(present, asked)
            events = await client.events_of("Service", asked.namespace, asked.name, uid=present.uid)
            known = tuple(mark_of(event) for event in events)
        await cloud.context.fence()
        made = await client.apply_service(spec)
        note_change(cloud, "PATCH", asked)
    if not is_ours(made, asked.exposure_id):
        raise ServiceNotOursError(f"The namespace has a Service {asked.key} that Slipway did not make for this.")
    return Applied(made.uid, known)


def note_change(cloud: Cloud, method: str, asked: Asked) -> None:
    """Keep on the step that the cluster has taken a change of the Service."""
    path = f"/api/v1/namespaces/{asked.namespace}/services/{asked.name}"
    cloud.context.note({"change": {"method": method, "path": path, "cluster_id": asked.place.cluster_id}})


def require_ours(present: ServiceState, asked: Asked) -> None:
    """Raise unless the Service is this exposure's; one that is just being removed is waited for."""
    if not is_ours(present, asked.exposure_id):
        raise ServiceNotOursError(
            f"The namespace has a Service {asked.key} that Slipway did not make for this exposure; nothing was changed."
        )
    if present.deleting:
        raise ServiceLeavingError(f"An earlier Service {asked.key} is still being removed.")


class ServiceLeavingError(ConflictError):
    """A Service of this name is being removed; its turn comes after that."""

    code = "service_leaving"
    retryable = True


@cloud_step
async def await_address(cloud: Cloud, asked: Asked, applied: Applied) -> ServiceState:
    """Wait until the Service has an address of each family that was asked for."""
    async for service in looks(cloud, asked, applied):
        missing = _without_address(asked, service)
        if not missing:
            return service
        cloud.context.progress(missing)
    raise AssertionError("the looks end with the step")


async def looks(cloud: Cloud, asked: Asked, applied: Applied) -> AsyncIterator[ServiceState]:
    """Look at the Service again and again, ever less often, and raise what stands in its way.

    A cluster that does not answer is waited for: what it has begun goes on without us.
    """
    async for _ in ever_less_often(cloud):
        service = None
        try:
            async with inside(cloud, asked) as client:
                service = await _look(cloud, client, asked, applied)
        except SlipwayError as error:
            if isinstance(error, BlockedError) or not error.problem.retryable:
                raise
            cloud.context.progress(f"Waiting for the cluster: {error.problem.detail}")
        if service is not None:
            yield service


async def ever_less_often(cloud: Cloud) -> AsyncIterator[None]:
    """Come up for each look: at once, after half a second, and then after ever longer pauses of at most five."""
    pause = _FIRST_LOOK_SECONDS
    while True:
        yield
        await cloud.context.wait(asyncio.sleep(pause))
        pause = min(pause * 1.3, _LONGEST_LOOK_SECONDS)


async def _look(cloud: Cloud, client: ClusterClient, asked: Asked, applied: Applied) -> ServiceState | None:
    service = await client.service(asked.namespace, asked.name)
    if service is None or service.uid != applied.uid or service.deleting:
        raise JobFailedError(ServiceLostError(f"The Service {asked.key} was removed while its job ran.").problem)
    events = await client.events_of("Service", asked.namespace, asked.name, uid=applied.uid)
    cause = cause_of(events, known=applied.known)
    if cause is None:
        return service
    if _is_for_a_person(cloud, cause):
        raise BlockedError(cause)
    cloud.context.progress(cause.detail)
    # What the controller has not applied yet must not be taken for done.
    return None


def _is_for_a_person(cloud: Cloud, cause: Pending) -> bool:
    if cause.error_class in _BLOCKING:
        return True
    waits = cloud.job.options.get("on_blocked") == "wait"
    return cause.error_class in _PERSONS and not cause.by_itself and not waits


def _without_address(asked: Asked, service: ServiceState) -> str:
    families = {"IPv6" if ":" in address else "IPv4" for address in service.ingress}
    missing = [family for family in asked.wanted.ip_families if family not in families]
    if not missing:
        return ""
    of = f" of family {missing[0]}" if len(asked.wanted.ip_families) > 1 else ""
    return f"Waiting for Azure to assign an address{of}"
