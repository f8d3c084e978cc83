"""Snapshots of a share: read-only, named by the moment that they show."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.exchange import Answer
from app.emulator.core.store import Resource
from app.emulator.providers.storage.errors import refused, share_not_found
from app.emulator.providers.storage.names import SHARE_TYPE, answered
from app.emulator.providers.storage.share_documents import stamped

LIMIT = 200


def of(share: Resource) -> list[Document]:
    """What each snapshot of the share shows beside the share itself, oldest first."""
    return [dict(snapshot) for snapshot in share.internal.get("snapshots", [])]


def find(share: Resource, moment: str) -> Document:
    """The snapshot of that moment."""
    found = next((snapshot for snapshot in of(share) if snapshot["snapshotTime"] == moment), None)
    if found is None:
        raise share_not_found()
    return found


def take(cloud: Cloud, share: Resource, asked: Document) -> Answer:
    """Keep what the share holds now."""
    known = of(share)
    if len(known) >= LIMIT:
        raise refused(
            409, "ShareSnapshotCountExceeded", "The total number of snapshots for the share is over the limit."
        )
    moment = stamped(cloud.now())
    if any(snapshot["snapshotTime"] == moment for snapshot in known):
        raise refused(409, "ShareSnapshotInProgress", "A share snapshot is in progress.")
    snapshot: Document = {"snapshotTime": moment, "shareQuota": share.body["properties"]["shareQuota"]}
    if "metadata" in asked:
        snapshot["metadata"] = section(asked, "metadata")
    share.internal["snapshots"] = [*known, snapshot]
    cloud.store.touch(share)
    body = {"id": share.id, "name": share.name, "type": SHARE_TYPE, "properties": snapshot}
    return answered(201, body)


def remove(cloud: Cloud, share: Resource, moment: str) -> Answer:
    """Take one snapshot out."""
    find(share, moment)
    share.internal["snapshots"] = [snapshot for snapshot in of(share) if snapshot["snapshotTime"] != moment]
    cloud.store.touch(share)
    return Answer(200, content_type=None)


def refuse_removal(share: Resource, include: str) -> None:
    """A share goes with its snapshots only where the caller says so; ARM's own default is to say so."""
    if of(share) and include == "none":
        raise refused(409, "ShareHasSnapshots", "The share has snapshots and the operation requires no snapshots.")
