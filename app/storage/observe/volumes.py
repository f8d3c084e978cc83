"""Keep what a cluster's reader sees of storage: all of it beside the reader, and Slipway's volumes in their rows."""

from app.core.clock import Clock
from app.core.json import JsonObject
from app.db.engine import Database
from app.kubernetes.types.seen import Seen
from app.kubernetes.types.volume import ClaimState
from app.storage.service.volume_seen import keep_seen, read_seen, record_volumes
from app.storage.specs.claim_pending import Cluster, why_pending
from app.storage.specs.storage_seen import StorageSeen, has_storage, with_news
from app.storage.specs.volume_objects import VOLUME_LABEL

_BOUND = "Bound"


async def observe_storage(database: Database, clock: Clock, cluster_id: str, seen: Seen) -> None:
    """Bring what is kept in line with what was seen. Nothing of the cluster is ever changed by it."""
    if not has_storage(seen):
        return
    async with database.write() as session:
        stored, _ = await read_seen(session, cluster_id)
        after = with_news(StorageSeen.from_json(stored), seen)
        await keep_seen(session, cluster_id, after.as_json())
        if after.claims is not None:
            await record_volumes(session, cluster_id, _ours(after), now=clock.now())


def _ours(seen: StorageSeen) -> dict[str, JsonObject]:
    """What is kept of Slipway's own claims, by the volume's id."""
    return {
        claim.labels[VOLUME_LABEL]: _observed(claim, seen)
        for claim in seen.claims or ()
        if VOLUME_LABEL in claim.labels
    }


def _observed(claim: ClaimState, seen: StorageSeen) -> JsonObject:
    found: JsonObject = {
        "phase": claim.phase,
        "capacity": claim.capacity,
        "claim_uid": claim.uid,
        "deleting": claim.deleting,
    }
    if claim.phase != _BOUND:
        cluster = Cluster(seen.volumes or (), seen.classes)
        found["problem"] = why_pending(claim, seen.events_of(claim), cluster).as_json()
    return found
