"""What was seen of a cluster's Services, in rows: own ones are compared, others' are kept as they are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import Prefix, new_id
from app.core.json import JsonList, JsonObject
from app.load_balancers.service.exposures import tell
from app.load_balancers.specs.exposure_observed import Sighting
from app.models import TERMINAL, Cluster, Exposure, ExposureState, Job

_WITHOUT_SERVICE = frozenset({ExposureState.READY, ExposureState.PENDING, ExposureState.UPDATING})


@dataclass(frozen=True, slots=True)
class Word:
    """What the events of a Service say last: why it has no address, or None where the controller is done."""

    namespace: str
    name: str
    uid: str
    pending: JsonObject | None


async def record_services(
    session: AsyncSession, cluster_id: str, services: Sequence[Sighting], *, now: datetime
) -> None:
    """Bring the rows of a cluster in line with all Services that it has at this moment."""
    cluster = await session.get(Cluster, cluster_id)
    if cluster is None or cluster.deleted_at is not None:
        return
    rows = await _living(session, cluster_id)
    at_work = await _at_work(session, [row.id for row in rows if row.managed])
    by_name = {(row.namespace, row.name): row for row in rows}
    found: set[str] = set()
    for service in services:
        row = by_name.get((service.namespace, service.name))
        if row is None:
            await _add(session, cluster, service, now=now)
        elif row.managed and service.exposure_id != row.id:
            # Another Service has the name; the row's own one is not there.
            continue
        else:
            found.add(row.id)
            await _compare(session, row, service, busy=row.id in at_work, now=now)
    for row in rows:
        if row.id not in found:
            await _missing(session, row, busy=row.id in at_work, now=now)


async def record_words(session: AsyncSession, cluster_id: str, words: Sequence[Word], *, now: datetime) -> None:
    """Keep why Services have no address, and forget it where the controller is done."""
    by_name = {(row.namespace, row.name): row for row in await _living(session, cluster_id)}
    for word in words:
        row = by_name.get((word.namespace, word.name))
        if row is None or row.service_uid not in {None, word.uid}:
            continue
        observed = {name: value for name, value in (row.observed or {}).items() if name != "pending"}
        if word.pending is not None:
            observed["pending"] = word.pending
        if observed != row.observed:
            row.observed = observed
            row.observed_at = now


async def _living(session: AsyncSession, cluster_id: str) -> Sequence[Exposure]:
    asked = select(Exposure).where(Exposure.cluster_id == cluster_id, Exposure.deleted_at.is_(None))
    return (await session.scalars(asked.order_by(Exposure.id).with_for_update())).all()


async def _at_work(session: AsyncSession, exposure_ids: Collection[str]) -> frozenset[str]:
    """Those of the exposures that a job has in its hands. Locks nothing: jobs are locked before what they are about."""
    if not exposure_ids:
        return frozenset()
    asked = select(Job.target_id).where(Job.target_id.in_(exposure_ids), Job.state.not_in(TERMINAL))
    return frozenset(await session.scalars(asked))


async def _add(session: AsyncSession, cluster: Cluster, service: Sighting, *, now: datetime) -> None:
    row = Exposure(
        id=new_id(Prefix.EXPOSURE),
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        namespace=service.namespace,
        name=service.name,
        managed=False,
        state=_state_of(service),
        addresses=_addresses(service, []),
        observed=service.observed,
        observed_at=now,
        service_uid=service.uid,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    await session.flush()
    await tell(session, row, "exposure.found", now)


def _state_of(service: Sighting) -> ExposureState:
    if service.deleting:
        return ExposureState.DELETING
    return ExposureState.READY if service.addresses else ExposureState.PENDING


async def _compare(session: AsyncSession, row: Exposure, service: Sighting, *, busy: bool, now: datetime) -> None:
    addresses = _addresses(service, row.addresses)
    kept = {name: (row.observed or {})[name] for name in _KEPT if name in (row.observed or {})}
    if addresses and not row.addresses:
        kept.pop("pending", None)
    observed = {**kept, **service.observed}
    if observed != row.observed or addresses != row.addresses:
        row.version += addresses != row.addresses
        row.observed, row.observed_at, row.addresses = observed, now, addresses
    row.service_uid = service.uid
    if busy:
        return
    if not row.managed:
        await _turn(session, row, _state_of(service), now=now)
    elif service.addresses and not service.deleting and row.state != ExposureState.READY:
        # The controller came round after the job had given up, or the job was content with the Service alone.
        await _turn(session, row, ExposureState.READY, now=now)


_KEPT = ("health", "pending", "warnings", "azure")
"""What others than the reader find out."""


async def _missing(session: AsyncSession, row: Exposure, *, busy: bool, now: datetime) -> None:
    if not row.managed:
        row.deleted_at, row.addresses = now, []
        await _turn(session, row, ExposureState.DELETED, now=now)
    elif not busy and row.service_uid is not None and row.state in _WITHOUT_SERVICE:
        row.addresses = []
        await _turn(session, row, ExposureState.LOST, now=now)


async def _turn(session: AsyncSession, row: Exposure, state: ExposureState, *, now: datetime) -> None:
    if row.state == state:
        return
    before = row.state
    row.state = state
    row.version += 1
    row.updated_at = now
    event = _EVENTS.get(state)
    if event is not None:
        recovered = state == ExposureState.READY and before in {ExposureState.FAILED, ExposureState.LOST}
        await tell(session, row, "exposure.recovered" if recovered else event, now, before=before)


_EVENTS = {
    ExposureState.READY: "exposure.ready",
    ExposureState.LOST: "exposure.lost",
    ExposureState.DELETED: "exposure.gone",
}


def _addresses(service: Sighting, known: JsonList) -> JsonList:
    by_address = {found["address"]: found for found in known}
    return [by_address.get(each, {"address": each, "internal": service.internal}) for each in service.addresses]
