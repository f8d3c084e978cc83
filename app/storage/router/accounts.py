"""HTTP: storage accounts."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.api.calls import OperatorWrites, ReaderReads
from app.api.etags import IfMatch, set_etag
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.route import api_router
from app.clusters.service.start import asker_of
from app.db.pages import read_page
from app.jobs.specs import job_read
from app.models import StorageAccount
from app.storage.schemas.accounts import AccountAccepted, AccountDeleteOptions, AccountRead, DeletedShares
from app.storage.service import accounts
from app.storage.service.accounts import AccountInUseError
from app.storage.specs.share_reads import account_read
from app.subscriptions.schemas import LocationName

router = api_router(prefix="/v1/storage-accounts", tags=["shares"])
_Account = Annotated[
    str, Path(description="The account's id or name.", max_length=128, examples=["shop01k7h2m9t0q4w8x6"])
]


@router.get("", summary="List storage accounts, newest first")
async def list_storage_accounts(
    *,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    state: Annotated[str | None, Query(max_length=24, pattern=r"^[a-z_]+$")] = None,
    location: LocationName | None = None,
) -> Page[AccountRead]:
    """Those in which shares of the project lie, with the room that is left; deleted ones with `state=deleted`."""
    owner = call.scope.project.id
    page = await read_page(
        call.session,
        accounts.list_(call.scope, state=state, location=location),
        (StorageAccount.created_at, StorageAccount.id),
        after=paging.after(owner),
        limit=paging.limit,
        descending=True,
    )
    return paging.answer(owner, page, account_read, response)


@router.get("/{account:name}", summary="Read a storage account")
async def get_storage_account(account: _Account, call: ReaderReads, response: Response) -> AccountRead:
    """With its room. Its keys are shown nowhere."""
    row = await accounts.get_account(call.session, call.scope, account)
    set_etag(response, row.version)
    return account_read(row)


@router.delete(
    "/{account:name}", status_code=202, summary="Delete a storage account", responses=errors(AccountInUseError)
)
async def delete_storage_account(
    *,
    account: _Account,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[AccountDeleteOptions, Query()],
) -> AccountAccepted:
    """Never while a share lies in it, Slipway's or not. One that Slipway did not make stays in Azure."""
    row = await accounts.lock_account(call.session, call.scope, account)
    if_match.check(row.version)
    asker = asker_of(call)
    discard = options.deleted_shares is DeletedShares.DISCARD
    job = await accounts.delete_account(call.session, asker, row, discard=discard, options=options.run_options())
    point_to_job(response, job.id)
    set_etag(response, row.version)
    return AccountAccepted(job=job_read(job, call.now), resource=account_read(row))
