"""HTTP: shares and their snapshots."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from app.api.calls import OperatorChecks, OperatorWrites, ReaderReads
from app.api.etags import IfMatch, set_etag
from app.api.in_part import prepares
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.catalog.live import ensure_catalogue
from app.catalog.service import NoSubscriptionError, subscription_of
from app.clusters.service.start import asker_of
from app.db.pages import Page as RowPage
from app.jobs.schemas import DeleteOptions
from app.jobs.service import BusyError
from app.jobs.specs import job_read
from app.models import Job, Share
from app.storage.schemas.shares import (
    ClusterShareCreate,
    ShareAccepted,
    ShareCreate,
    ShareDeleteOptions,
    ShareProtocol,
    ShareRead,
    ShareRestore,
    ShareUpdate,
    SnapshotCreate,
    SnapshotRead,
)
from app.storage.service import share_changes, share_create, share_lists, shares
from app.storage.service.placement import AccountsLimitError, AccountTakenError
from app.storage.service.share_changes import ShareNotRestorableError, SnapshotLeasedError, SnapshotLimitError
from app.storage.service.share_create import Wish
from app.storage.service.shares import (
    ShareHasSnapshotsError,
    ShareInUseError,
    ShareLeasedError,
    ShareNameTakenError,
    ShareNotReadyError,
)
from app.storage.specs.share_reads import snapshots_read
from app.subscriptions.service import GroupDeletingError

router = api_router(prefix="/v1/shares", tags=["shares"])
cluster_router = api_router(prefix="/v1/clusters/{cluster:name}/shares", tags=["shares"])
_Share = Annotated[str, Path(description="The share's id or name.", max_length=128, examples=["uploads"])]
_Snapshot = Annotated[
    str,
    Path(
        description="The snapshot's id.",
        max_length=40,
        pattern=r"^\d{8}T\d{6}(\.\d{1,9})?Z$",
        examples=["20260131T081500.0000000Z"],
    ),
]
_State = Annotated[str | None, Query(max_length=24, pattern=r"^[a-z_]+$")]
_Account = Annotated[
    str | None,
    Query(max_length=128, pattern=r"^[a-z0-9_]+$", description="The storage account's id or name."),
]
_CREATES = (ShareNameTakenError, AccountTakenError, AccountsLimitError, GroupDeletingError, NoSubscriptionError)


@prepares
async def _know_locations(body: ShareCreate, caller: OperatorChecks) -> None:
    """Before the transaction: without Azure's list at hand, no wrong location could be told from a right one."""
    subscription_id = subscription_of(caller.scope, caller.services.settings.azure)
    await ensure_catalogue(caller.services, subscription_id=subscription_id, location=body.location)


@router.post(
    "",
    status_code=202,
    summary="Make a share",
    responses=errors(*_CREATES),
    dependencies=[Depends(_know_locations)],
)
async def create_share(body: ShareCreate, call: OperatorWrites, response: Response) -> ShareAccepted:
    """In a storage account of the project's that fits and has room, or in a new one with safe defaults."""
    wish = Wish(subscription_of(call.scope, call.services.settings.azure), body.location)
    job, row = await share_create.create_share(call.session, asker_of(call), body, wish)
    return await _accepted(call, response, job, row)


@cluster_router.post("", status_code=202, summary="Make a share for a cluster", responses=errors(*_CREATES))
async def create_cluster_share(
    cluster: ClusterPath, body: ClusterShareCreate, call: OperatorWrites, response: Response
) -> ShareAccepted:
    """In the cluster's location. It stays when the cluster goes."""
    found = await get_cluster(call.session, call.scope, cluster)
    wish = Wish(found.subscription_id, found.location, found)
    job, row = await share_create.create_share(call.session, asker_of(call), body, wish)
    return await _accepted(call, response, job, row)


@router.get("", summary="List shares, newest first")
async def list_shares(
    *,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    state: _State = None,
    account: _Account = None,
    protocol: ShareProtocol | None = None,
) -> Page[ShareRead]:
    """The project's; deleted ones with `state=deleted`: those with `days_left` can be restored."""
    owner = call.scope.project.id
    query = share_lists.query_of(call.scope, now=call.now, state=state, account=account, protocol=protocol)
    page = await share_lists.list_(call.session, query, now=call.now, after=paging.after(owner), limit=paging.limit)
    return paging.answer(owner, page, lambda item: item, response)


@cluster_router.get("", summary="List a cluster's shares, newest first")
async def list_cluster_shares(
    *, cluster: ClusterPath, call: ReaderReads, paging: Paging, response: Response, state: _State = None
) -> Page[ShareRead]:
    """Those that were made for it; what binds a share into its namespaces is among its volumes."""
    found = await get_cluster(call.session, call.scope, cluster)
    query = share_lists.query_of(call.scope, now=call.now, state=state, cluster_id=found.id)
    page = await share_lists.list_(call.session, query, now=call.now, after=paging.after(found.id), limit=paging.limit)
    return paging.answer(found.id, page, lambda item: item, response)


@router.get("/{share:name}", summary="Read a share")
async def get_share(share: _Share, call: ReaderReads, response: Response) -> ShareRead:
    """With its use, its snapshots, and where it is mounted; by id also after its deletion."""
    found, row = await share_lists.read_one(call.session, call.scope, share, now=call.now)
    set_etag(response, row.version)
    return found


@router.patch("/{share:name}", status_code=202, summary="Grow a share", responses=errors(ShareNotReadyError, BusyError))
async def update_share(
    *, share: _Share, body: ShareUpdate, call: OperatorWrites, response: Response, if_match: IfMatch
) -> ShareAccepted:
    """A JSON merge patch. Smaller only where nothing binds the share, and never below what is used."""
    row = await shares.lock_share(call.session, call.scope, share)
    if_match.check(row.version)
    job = await share_changes.update_share(call.session, asker_of(call), row, body)
    return await _accepted(call, response, job, row)


@router.delete(
    "/{share:name}",
    status_code=202,
    summary="Delete a share",
    responses=errors(ShareInUseError, ShareHasSnapshotsError, ShareLeasedError),
)
async def delete_share(
    *,
    share: _Share,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[ShareDeleteOptions, Query()],
) -> ShareAccepted:
    """Never while a volume binds it. Azure keeps it for some days: the job's `outcome.restorable_until`."""
    row = await shares.lock_share(call.session, call.scope, share)
    if_match.check(row.version)
    job = await shares.delete_share(
        call.session,
        asker_of(call),
        row,
        snapshots=options.snapshots,
        break_lease=options.break_lease,
        options=options.run_options(),
    )
    return await _accepted(call, response, job, row)


@router.post(
    "/{share:name}:restore",
    status_code=202,
    summary="Restore a deleted share",
    responses=errors(ShareNotRestorableError, ShareNameTakenError),
)
async def restore_share(share: _Share, body: ShareRestore, call: OperatorWrites, response: Response) -> ShareAccepted:
    """By its id, within the days that Azure keeps it, with all that was in it."""
    row = await shares.lock_share(call.session, call.scope, share, deleted=True)
    options = body.options.model_dump(mode="json")
    job = await share_changes.restore_share(call.session, asker_of(call), row, options=options)
    return await _accepted(call, response, job, row)


@router.post(
    "/{share:name}/snapshots",
    status_code=202,
    summary="Take a snapshot",
    responses=errors(ShareNotReadyError, SnapshotLimitError),
)
async def create_snapshot(
    share: _Share, body: SnapshotCreate, call: OperatorWrites, response: Response
) -> ShareAccepted:
    """The job's `outcome.snapshot_id` names it."""
    row = await shares.lock_share(call.session, call.scope, share)
    options = body.options.model_dump(mode="json")
    job = await share_changes.take_snapshot(call.session, asker_of(call), row, options=options)
    return await _accepted(call, response, job, row)


@router.get("/{share:name}/snapshots", summary="List a share's snapshots, newest first")
async def list_snapshots(share: _Share, call: ReaderReads, paging: Paging, response: Response) -> Page[SnapshotRead]:
    """As last seen in Azure; others may have made some of them."""
    row = await shares.find_share(call.session, call.scope, share)
    after = paging.after(row.id, (str,))
    left = [each for each in snapshots_read(row) if after is None or each.id < str(after[0])]
    shown = left[: paging.limit]
    page = RowPage(shown, (shown[-1].id,) if len(left) > len(shown) else None)
    return paging.answer(row.id, page, lambda item: item, response)


@router.delete(
    "/{share:name}/snapshots/{snapshot}",
    status_code=202,
    summary="Delete a snapshot",
    responses=errors(ShareNotReadyError, SnapshotLeasedError),
)
async def delete_snapshot(
    *,
    share: _Share,
    snapshot: _Snapshot,
    call: OperatorWrites,
    response: Response,
    options: Annotated[DeleteOptions, Query()],
) -> ShareAccepted:
    """One snapshot that this share has; the share itself is never touched."""
    row = await shares.lock_share(call.session, call.scope, share)
    job = await share_changes.delete_snapshot(
        call.session, asker_of(call), row, snapshot, options=options.run_options()
    )
    return await _accepted(call, response, job, row)


async def _accepted(call: OperatorWrites, response: Response, job: Job, row: Share) -> ShareAccepted:
    point_to_job(response, job.id)
    set_etag(response, row.version)
    (found,) = await share_lists.reads_of(call.session, [row], now=call.now)
    return ShareAccepted(job=job_read(job, call.now), resource=found)
