"""File shares: made, changed, deleted softly, restored."""

from datetime import datetime, timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.providers.storage import share_documents, snapshots
from app.emulator.providers.storage.errors import refused, share_not_found
from app.emulator.providers.storage.file_services import retention_days
from app.emulator.providers.storage.names import (
    NAMESPACE,
    SHARE_TYPE,
    SHARES,
    account_of,
    answered,
    service_id,
    share_id,
)
from app.emulator.providers.storage.share_documents import etag, show

BEING_DELETED_SECONDS = 30
"""For so long after its deletion no share of the same name can be made."""
_SHARE = f"{SHARES}/{{share}}"


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("PUT", _SHARE, "FileShares_Create", _put, NAMESPACE, 0.5),
        Route("PATCH", _SHARE, "FileShares_Update", _patch, NAMESPACE, 0.3),
        Route("GET", _SHARE, "FileShares_Get", _get, NAMESPACE),
        Route("DELETE", _SHARE, "FileShares_Delete", _delete, NAMESPACE, 0.3),
        Route("GET", SHARES, "FileShares_List", _list, NAMESPACE, 0.2),
        Route("POST", f"{_SHARE}/restore", "FileShares_Restore", _restore, NAMESPACE, 0.3),
        Route("POST", f"{_SHARE}/lease", "FileShares_Lease", _lease, NAMESPACE, 0.2),
    ]


def share_of(cloud: Cloud, call: Call) -> Resource:
    """The living share that a call names."""
    account = account_of(cloud, call)
    share = cloud.store.get(share_id(account, call.parameter("share")))
    if share is None:
        raise share_not_found()
    return share


def _deleted(cloud: Cloud, account: Resource) -> list[Document]:
    """What can be restored: `{name, version, deleted_at, days, body, internal}`, oldest first."""
    entries: list[Document] = account.internal.get("deleted_shares", [])
    return [entry for entry in entries if cloud.now() < _moment(entry["until"])]


async def _put(cloud: Cloud, call: Call) -> Answer:
    account = account_of(cloud, call)
    name = call.parameter("share")
    share_documents.check_name(name)
    document = call.document() if call.raw_body else {}
    known = cloud.store.get(share_id(account, name))
    if call.query.get("$expand", "") == "snapshots":
        if known is None:
            raise share_not_found()
        call.effect = "created"
        return snapshots.take(cloud, known, section(document, "properties"))
    if known is not None:
        # As `az storage share-rm update` does it: what a GET showed, changed and put back.
        asked = section(document, "properties")
        _change(cloud, call, account, known, asked)
        return answered(200, _brief(known, asked), {"ETag": etag(known)})
    _refuse_while_going(cloud, account, name)
    properties = share_documents.new_properties(account, section(document, "properties"), cloud.now())
    _refuse_beyond_account(cloud, account, int(properties["shareQuota"]))
    share = Resource(share_id(account, name), SHARE_TYPE, {"properties": properties}, cloud.now())
    cloud.store.put(share)
    call.effect = "created"
    return answered(201, _brief(share, section(document, "properties")), {"ETag": etag(share)})


def _brief(share: Resource, asked: Document | None = None) -> Document:
    """What a PUT answers: who the share is, and what was asked of it."""
    return {"id": share.id, "name": share.name, "type": SHARE_TYPE, "properties": asked or {}}


def _refuse_while_going(cloud: Cloud, account: Resource, name: str) -> None:
    for entry in account.internal.get("deleted_shares", []):
        if entry["name"] == name and cloud.now() < _moment(entry["gone"]):
            raise refused(409, "ShareBeingDeleted", "The specified share is being deleted. Try operation later.")


def _refuse_beyond_account(cloud: Cloud, account: Resource, more: int) -> None:
    if not share_documents.is_premium(account):
        return
    living = cloud.store.of_type(SHARE_TYPE, under=service_id(account))
    used = sum(int(share.body["properties"]["shareQuota"]) for share in living)
    used += sum(int(entry["body"]["properties"]["shareQuota"]) for entry in _deleted(cloud, account))
    if used + more > share_documents.PREMIUM_ACCOUNT_GIB:
        raise refused(
            409,
            "TotalSharesProvisionedCapacityExceedsAccountLimit",
            "The total provisioned capacity of the shares has exceeded the account maximum size limit.",
        )


async def _patch(cloud: Cloud, call: Call) -> Answer:
    account = account_of(cloud, call)
    share = share_of(cloud, call)
    _change(cloud, call, account, share, section(call.document(), "properties"))
    return answered(200, show(share), {"ETag": etag(share)})


def _change(cloud: Cloud, call: Call, account: Resource, share: Resource, asked: Document) -> None:
    changed = share_documents.changed_properties(account, share.body["properties"], asked, cloud.now())
    _refuse_beyond_account(cloud, account, int(changed["shareQuota"]) - int(share.body["properties"]["shareQuota"]))
    share.body["properties"] = changed
    cloud.store.touch(share)
    call.effect = "updated"


async def _get(cloud: Cloud, call: Call) -> Answer:
    share = share_of(cloud, call)
    if (moment := call.headers.get("x-ms-snapshot")) is not None:
        return answered(200, show(share, snapshots.find(share, moment)), {"ETag": etag(share)})
    more: Document = {}
    if call.query.get("$expand", "") == "stats":
        more = {"shareUsageBytes": int(share.internal.get("used_bytes", 0))}
    return answered(200, show(share, more), {"ETag": etag(share)})


async def _delete(cloud: Cloud, call: Call) -> Answer:
    account = account_of(cloud, call)
    share = cloud.store.get(share_id(account, call.parameter("share")))
    if share is None:
        return Answer(204, content_type=None)
    call.effect = "deleted"
    if (moment := call.headers.get("x-ms-snapshot")) is not None:
        return snapshots.remove(cloud, share, moment)
    if share.body["properties"]["leaseState"] == "leased":
        raise refused(
            412,
            "LeaseIdMissing",
            "There is currently a lease on the resource and no lease ID was specified in the request.",
        )
    snapshots.refuse_removal(share, call.query.get("$include", "snapshots"))
    days = retention_days(account)
    gone = cloud.now() + cloud.scaled(BEING_DELETED_SECONDS)
    entry: Document = {
        "name": share.name,
        "version": f"01D{share.etag[:13].upper()}",
        "deleted": share_documents.stamped(cloud.now()),
        "gone": gone.isoformat(),
        "until": (cloud.now() + timedelta(days=days)).isoformat(),
        "body": share.body,
        "internal": share.internal,
    }
    account.internal["deleted_shares"] = [*account.internal.get("deleted_shares", []), entry]
    cloud.store.touch(account)
    cloud.store.remove(share.id)
    return Answer(200, content_type=None)


async def _list(cloud: Cloud, call: Call) -> Answer:
    account = account_of(cloud, call)
    expanded = call.query.get("$expand", "").split(",")
    wanted = call.query.get("$filter", "")
    prefix = wanted.partition("'")[2].rstrip("')") if wanted.startswith("startswith") else ""
    shown: list[Document] = []
    for share in cloud.store.of_type(SHARE_TYPE, under=service_id(account)):
        shown.append(show(share))
        if "snapshots" in expanded:
            shown += [show(share, properties) for properties in snapshots.of(share)]
    if "deleted" in expanded:
        shown += [_show_deleted(cloud, account, entry) for entry in _deleted(cloud, account)]
    return page(cloud, call, [share for share in shown if share["name"].startswith(prefix)])


def _show_deleted(cloud: Cloud, account: Resource, entry: Document) -> Document:
    left = _moment(entry["until"]) - cloud.now()
    return {
        "id": share_id(account, entry["name"]),
        "name": entry["name"],
        "type": SHARE_TYPE,
        "properties": {
            **entry["body"]["properties"],
            "deleted": True,
            "deletedTime": entry["deleted"],
            "remainingRetentionDays": -(-left // timedelta(days=1)),
            "version": entry["version"],
        },
    }


async def _restore(cloud: Cloud, call: Call) -> Answer:
    account = account_of(cloud, call)
    document = call.document()
    name, version = document.get("deletedShareName"), document.get("deletedShareVersion")
    entry = next(
        (entry for entry in _deleted(cloud, account) if (entry["name"], entry["version"]) == (name, version)), None
    )
    if entry is None or name != call.parameter("share"):
        raise share_not_found()
    identity = share_id(account, call.parameter("share"))
    if cloud.store.get(identity) is not None:
        raise refused(409, "ShareAlreadyExists", "The specified share already exists.")
    cloud.store.put(Resource(identity, SHARE_TYPE, entry["body"], cloud.now(), entry["internal"]))
    account.internal["deleted_shares"] = [
        known for known in account.internal["deleted_shares"] if known["version"] != version
    ]
    cloud.store.touch(account)
    call.effect = "created"
    return Answer(200, content_type=None)


async def _lease(cloud: Cloud, call: Call) -> Answer:
    share = share_of(cloud, call)
    document = call.document()
    properties, action = share.body["properties"], document.get("action")
    leased = properties["leaseState"] == "leased"
    if action == "Acquire":
        if leased:
            raise refused(409, "LeaseAlreadyPresent", "There is already a lease present.")
        share.internal["lease"] = document.get("proposedLeaseId") or cloud.guid()
    elif action in {"Renew", "Release"}:
        if not leased or document.get("leaseId") != share.internal.get("lease"):
            raise refused(
                409,
                "LeaseIdMismatchWithLeaseOperation",
                "The lease ID specified did not match the lease ID for the resource.",
            )
    elif action != "Break":
        raise refused(400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: action.")
    held = action in {"Acquire", "Renew"}
    share.body["properties"] = {
        **properties,
        "leaseState": "leased" if held else "available",
        "leaseStatus": "locked" if held else "unlocked",
    }
    cloud.store.touch(share)
    call.effect = "updated"
    return answered(200, {"leaseId": share.internal["lease"]} if held else {})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
