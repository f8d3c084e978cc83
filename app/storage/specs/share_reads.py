"""Pure: how shares, snapshots and accounts are shown."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.models import Share, StorageAccount, StorageState
from app.storage.schemas.accounts import AccountRead, AccountRoom
from app.storage.schemas.shares import Mount, ShareProtocol, ShareRead, SnapshotRead, Warned
from app.storage.specs.accounts import AccountForm, azure_id_of, seen_account, seen_room
from app.storage.specs.limits import limits_of
from app.storage.specs.placement import shut_out
from app.storage.specs.shares import WantedShare, snapshot_id, snapshots_of, taken_at

_GIB = 1024**3
_FULL = 0.95


def share_read(row: Share, account: StorageAccount | None, mounted: Sequence[Mount], *, now: datetime) -> ShareRead:
    """A share as callers see it."""
    observed, wanted = row.observed or {}, WantedShare.from_json(row.wanted)
    until = row.restorable_until if row.state in {StorageState.DELETED, StorageState.LOST} else None
    return ShareRead(
        id=row.id,
        name=row.name,
        state=row.state,
        protocol=row.protocol,
        quota_gib=row.quota_gib,
        used_bytes=observed.get("used_bytes"),
        tier=wanted.tier,
        redundancy=wanted.redundancy,
        root_squash=observed.get("root_squash") or wanted.root_squash,
        provisioned_iops=observed.get("provisioned_iops"),
        leased=bool(observed.get("leased")),
        location=wanted.location,
        account_id=row.account_id,
        account=None if account is None else account.name,
        resource_group=None if account is None else account.resource_group,
        cluster_id=row.cluster_id,
        azure_id=None if account is None else f"{azure_id_of(account)}/fileServices/default/shares/{row.azure_name}",
        server=_server(account),
        managed=row.managed,
        snapshots=len(snapshots_of(row)),
        mounted=list(mounted),
        warnings=[] if row.deleted_at is not None else warnings_of(row, account),
        restorable_until=until,
        days_left=None if until is None or until <= now else -(-(until - now) // timedelta(days=1)),
        observed_at=row.observed_at,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )


def _server(account: StorageAccount | None) -> str | None:
    seen = None if account is None else seen_account(account.observed)
    if seen is None or seen.file_endpoint is None:
        return None
    return seen.file_endpoint.removeprefix("https://").rstrip("/")


def warnings_of(row: Share, account: StorageAccount | None) -> list[Warned]:
    """What will be in the way of whoever mounts the share, by what was last seen."""
    found: list[Warned] = []
    used = (row.observed or {}).get("used_bytes")
    if used is not None and used >= _FULL * row.quota_gib * _GIB:
        share = f"{used / _GIB:.1f} of {row.quota_gib} GiB are used"
        found.append(_warned("share_full", f"{share}.", "Grow it: PATCH /v1/shares/{share} with `quota_gib`."))
    if account is not None and account.state == StorageState.LOST:
        found.append(_warned("storage_account_lost", f"The account {account.name} is gone from Azure.", _GONE))
    seen = None if account is None else seen_account(account.observed)
    if seen is None:
        return found
    shut = shut_out(seen, WantedShare.from_json(row.wanted).nodes)
    if shut is not None:
        remedy = "Admit the nodes' subnet in the account's network rules, which needs the endpoint Microsoft.Storage."
        found.append(_warned("storage_network_shuts_out_nodes", shut, remedy))
    if row.protocol == ShareProtocol.SMB and not seen.shared_keys:
        detail = f"The account {seen.name} takes no keys, by which SMB is mounted."
        found.append(_warned("storage_keys_disabled", detail, "Allow shared key access on the account."))
    if row.protocol == ShareProtocol.NFS and seen.https_only:
        detail = f"The account {seen.name} takes https only, so Azure refuses to mount NFS from it."
        found.append(_warned("nfs_needs_http", detail, "Switch off 'secure transfer required' on the account."))
    return found


_GONE = "Restore the account in Azure's portal within 14 days, or delete the share here and make another one."


def _warned(code: str, detail: str, remedy: str) -> Warned:
    return Warned(code=code, detail=detail, remedy=remedy)


def snapshots_read(row: Share) -> list[SnapshotRead]:
    """A share's snapshots, newest first."""
    return [
        SnapshotRead(
            id=snapshot_id(each["moment"]),
            taken_at=taken_at(each["moment"]),
            quota_gib=each["quota_gib"],
            leased=each["leased"],
        )
        for each in reversed(snapshots_of(row))
    ]


def account_read(row: StorageAccount) -> AccountRead:
    """A storage account as callers see it; no key is in its row."""
    form, seen, room = AccountForm.from_json(row.wanted), seen_account(row.observed), seen_room(row.observed)
    limits = limits_of(premium=form.premium)
    return AccountRead(
        id=row.id,
        name=row.name,
        state=row.state,
        managed=row.managed,
        kind=form.kind,
        sku=form.sku,
        location=row.location,
        resource_group=row.resource_group,
        subscription_id=row.subscription_id,
        azure_id=azure_id_of(row),
        https_only=None if seen is None else seen.https_only,
        minimum_tls=None if seen is None else seen.minimum_tls,
        public_blobs=None if seen is None else seen.public_blobs,
        shared_keys=None if seen is None else seen.shared_keys,
        open_network=None if seen is None else seen.public_network and seen.networks.allow_all,
        subnet_ids=list(form.subnet_ids if seen is None else seen.networks.subnet_ids),
        keep_deleted_days=form.kept_days if row.managed else None,
        active_key=row.active_key,
        room=None
        if room is None
        else AccountRoom(
            shares=room.shares,
            most_shares=limits.shares,
            gib=room.gib,
            deleted_gib=room.deleted_gib,
            most_gib=limits.gib,
            iops=room.iops if form.premium else None,
            most_iops=limits.iops,
        ),
        observed_at=row.observed_at,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )
