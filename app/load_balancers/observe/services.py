"""Keep what a cluster's reader sees of Services with an address: Slipway's own, and those that others made."""

from datetime import datetime

from app.core.clock import Clock
from app.db.engine import Database
from app.kubernetes.types.seen import Seen
from app.kubernetes.types.service import EventSeen
from app.load_balancers.service.exposure_seen import Word, record_services, record_words
from app.load_balancers.specs.exposure_observed import sighting
from app.load_balancers.specs.pending import cause_of

_KIND, _TYPE = "Service", "LoadBalancer"
_DONE = "EnsuredLoadBalancer"


async def observe_services(database: Database, clock: Clock, cluster_id: str, seen: Seen) -> None:
    """Bring the cluster's exposures in line with what was seen. Nothing of the cluster is ever changed by it."""
    services = None
    if seen.services is not None:
        services = [sighting(service) for service in seen.services if service.type == _TYPE]
    words = _words(seen.events)
    if services is None and not words:
        return
    now: datetime = clock.now()
    async with database.write() as session:
        if services is not None:
            await record_services(session, cluster_id, services, now=now)
        if words:
            await record_words(session, cluster_id, words, now=now)


def _words(events: tuple[EventSeen, ...]) -> list[Word]:
    """What the events say of each Service: the cause that stands at the end, or that there is none any more."""
    about: dict[tuple[str, str, str], list[EventSeen]] = {}
    for event in events:
        if event.kind == _KIND:
            about.setdefault((event.namespace, event.name, event.uid), []).append(event)
    words = []
    for (namespace, name, uid), said in about.items():
        cause = cause_of(said)
        if cause is not None or any(event.reason == _DONE for event in said):
            words.append(Word(namespace, name, uid, cause.as_json() if cause else None))
    return words
