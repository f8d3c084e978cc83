"""What a job about an exposure is given at its start, and how it writes the exposure's row."""

from dataclasses import dataclass
from datetime import datetime

from app.clusters.service.read import list_pools
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow.plan import ClusterGoneError
from app.core.errors import ConflictError
from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, record_step
from app.jobs.workflow import JobRun
from app.load_balancers.service.exposure_checks import sharers_of
from app.load_balancers.specs.exposure_wanted import WantedExposure
from app.load_balancers.specs.public_ips import AddressPlan, plan_of
from app.models import Cluster, ClusterState, Exposure, ExposureState, PublicIp

_LEAVING = frozenset({ExposureState.DELETING, ExposureState.DELETED})
_CLUSTER_LEAVING = frozenset({ClusterState.DELETING, ClusterState.DELETED})


class ExposureGoneError(ConflictError):
    """The exposure of this job is deleted, or is being deleted."""

    code = "exposure_deleted"


@dataclass(frozen=True, slots=True)
class Reserved:
    """A public IP of the project's that the exposure is to have."""

    id: str
    name: str
    resource_group: str
    azure_id: str


@dataclass(frozen=True, slots=True)
class Shared:
    """The exposure whose address is shared. `gone_uid`: its Service's, where it is deleted and the address is not."""

    id: str
    name: str
    addresses: tuple[str, ...]
    reserved: Reserved | None
    gone_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the exposure is and what it shall be.

    `before`: the address that was given to it before a change. `made`: the given address is reserved with the exposure.
    `node_subnets`: ids of the subnets of the node pools, where they lie in a virtual network of the caller's.
    """

    place: Place
    location: str
    node_group: str
    exposure_id: str
    namespace: str
    name: str
    wanted: WantedExposure
    service_uid: str | None
    reserved: Reserved | None = None
    shared: Shared | None = None
    before: Reserved | None = None
    made: AddressPlan | None = None
    node_subnets: tuple[str, ...] = ()

    @property
    def keeps_made(self) -> bool:
        """Whether the address that was reserved with the exposure stays after it."""
        return self.wanted.public_ip is not None and self.wanted.public_ip.keep

    @property
    def key(self) -> str:
        """The Service, as Kubernetes writes it."""
        return f"{self.namespace}/{self.name}"


async def begin(record: Record, state: ExposureState) -> Asked:
    """Put the exposure into this state and return what the job needs; one that is going is left alone.

    A create that is asked again for an exposure that serves does not take it out of service.
    """
    exposure = await exposure_of(record)
    cluster = await record.session.get_one(Cluster, exposure.cluster_id)
    deleting = state is ExposureState.DELETING
    if exposure.state in _LEAVING and not deleting:
        raise ExposureGoneError("The exposure is deleted or is being deleted.")
    if cluster.state in _CLUSTER_LEAVING and not deleting:
        raise ClusterGoneError("The cluster is deleted or is being deleted.")
    taken_up = state is ExposureState.PENDING and exposure.state == ExposureState.READY
    if exposure.state != ExposureState.DELETED and not taken_up:
        set_state(exposure, state, record.now)
    return await _asked(record, exposure, cluster)


async def _asked(record: Record, exposure: Exposure, cluster: Cluster) -> Asked:
    wanted = WantedExposure.from_json(exposure.wanted or {"ports": []})
    shared = None
    if wanted.share_address_with is not None:
        root = await record.session.get(Exposure, wanted.share_address_with)
        shared = None if root is None else await _shared(record, root)
    return Asked(
        place=place_of(cluster),
        location=cluster.location,
        node_group=(cluster.observed or {}).get("node_resource_group") or "",
        exposure_id=exposure.id,
        namespace=exposure.namespace,
        name=exposure.name,
        wanted=wanted,
        service_uid=exposure.service_uid,
        reserved=await _reserved(record, wanted),
        shared=shared,
        before=await _before(record, wanted),
        made=await _made(record, wanted),
        node_subnets=await _node_subnets(record, cluster),
    )


async def _node_subnets(record: Record, cluster: Cluster) -> tuple[str, ...]:
    named = [(pool.observed or {}).get("subnet_id") for pool in await list_pools(record.session, [cluster])]
    return tuple(dict.fromkeys(str(subnet_id) for subnet_id in named if subnet_id))


async def _made(record: Record, wanted: WantedExposure) -> AddressPlan | None:
    given = wanted.public_ip
    if given is None or not given.make or given.id is None:
        return None
    row = await record.session.get(PublicIp, given.id)
    return None if row is None or row.deleted_at is not None else plan_of(row)


async def _before(record: Record, wanted: WantedExposure) -> Reserved | None:
    stored = record.view.request.get("before")
    if not isinstance(stored, dict):
        return None
    before = WantedExposure.from_json(stored)
    return None if before.public_ip == wanted.public_ip else await _reserved(record, before)


async def _shared(record: Record, root: Exposure) -> Shared:
    reserved = None
    if root.wanted is not None:
        reserved = await _reserved(record, WantedExposure.from_json(root.wanted))
    gone = root.deleted_at is not None
    holders = await sharers_of(record.session, root.id) if gone else [root]
    known = next((holder.addresses for holder in holders if holder.addresses), [])
    addresses = tuple(str(found["address"]) for found in known)
    gone_uid = root.service_uid if gone else None
    return Shared(root.id, f"{root.namespace}/{root.name}", addresses, reserved, gone_uid)


async def _reserved(record: Record, wanted: WantedExposure) -> Reserved | None:
    if wanted.public_ip is None or wanted.public_ip.id is None:
        return None
    row = await record.session.get(PublicIp, wanted.public_ip.id)
    if row is None:
        return None
    azure_id = (
        f"/subscriptions/{row.subscription_id}/resourceGroups/{row.resource_group}"
        f"/providers/Microsoft.Network/publicIPAddresses/{row.azure_name}"
    )
    return Reserved(row.id, row.azure_name, row.resource_group, azure_id)


@record_step
async def read_asked(record: Record) -> Asked:
    """Where the Service would be."""
    exposure = await exposure_of(record)
    return await _asked(record, exposure, await record.session.get_one(Cluster, exposure.cluster_id))


async def exposure_of(record: Record) -> Exposure:
    """The job's exposure, locked until the transaction's end."""
    exposure = await record.session.get(Exposure, record.view.target_id, with_for_update=True)
    if exposure is None:
        raise ExposureGoneError("The exposure of this job does not exist any more.")
    return exposure


def set_state(exposure: Exposure, state: ExposureState, now: datetime) -> None:
    """Change the state; the version rises only when it does change."""
    if exposure.state != state:
        exposure.state = state
        exposure.version += 1
        exposure.updated_at = now


def facts(exposure: Exposure, **more: object) -> JsonObject:
    """What events about the exposure say."""
    return {"name": exposure.name, "namespace": exposure.namespace, "cluster_id": exposure.cluster_id, **more}


@record_step
async def record_service(record: Record, uid: str) -> None:
    """Keep which Service it is: another one of the same name is another Service."""
    exposure = await exposure_of(record)
    exposure.service_uid = uid


def only_acceptance(job: JobRun) -> bool:
    """Whether the caller is content when the cluster has taken the Service."""
    return job.view.options.get("wait_for") == "accepted"


async def record_taken(record: Record) -> None:
    """End the job well with what the cluster took; nothing is proven of it."""
    await record.succeed(
        outcome={"accepted": True},
        summary=f"The cluster has taken the Service {record.view.target_name}; Azure is at work on its address.",
    )


async def record_failed(record: Record, end: JobEnd) -> None:
    """The end of a job that did not succeed: what serves still serves, else the exposure has failed, and says why."""
    exposure = await record.session.get(Exposure, record.view.target_id, with_for_update=True)
    if exposure is None or exposure.state in _LEAVING:
        return
    creating = exposure.state == ExposureState.PENDING
    if not end.begun and not creating:
        return
    if exposure.state in {ExposureState.PENDING, ExposureState.UPDATING}:
        serves = bool(exposure.addresses) and not creating
        set_state(exposure, ExposureState.READY if serves else ExposureState.FAILED, record.now)
    if exposure.state == ExposureState.FAILED:
        exposure.observed = {**(exposure.observed or {}), "pending": end.told(record.now)}
    event = "exposure.failed" if creating else "exposure.change_failed"
    await record.emit(event, data=facts(exposure, code=end.problem.code, canceled=end.canceled))
