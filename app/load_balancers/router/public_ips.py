"""HTTP: public addresses."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response
from starlette.convertors import StringConvertor, register_url_convertor

from app.api.calls import OperatorChecks, OperatorWrites, ReaderReads
from app.api.etags import IfMatch, set_etag
from app.api.in_part import prepares
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.route import api_router
from app.catalog.live import ensure_catalogue
from app.catalog.service import NoSubscriptionError, subscription_of
from app.clusters.service.addresses import PublicIpInUseError
from app.clusters.service.start import asker_of
from app.jobs.schemas import DeleteOptions
from app.jobs.specs import job_read
from app.load_balancers.schemas.public_ips import (
    Origin,
    PublicIpAccepted,
    PublicIpAdopt,
    PublicIpCreate,
    PublicIpKept,
    PublicIpRead,
    PublicIpSweep,
    PublicIpSwept,
)
from app.load_balancers.service import public_ip_lists, public_ips
from app.load_balancers.service.public_ip_lists import Filters
from app.load_balancers.service.public_ip_sweep import sweep
from app.load_balancers.service.public_ip_use import uses_of_rows
from app.load_balancers.service.public_ips import PublicIpKnownError, PublicIpNameTakenError
from app.load_balancers.specs.public_ip_reads import public_ip_read
from app.models import Job, PublicIp
from app.subscriptions.service import GroupDeletingError


class _AddressConvertor(StringConvertor):
    """An id, a name, or an address: the colons of an IPv6 one begin no verb, which stands behind a single colon."""

    regex = "[^/:]+|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"


register_url_convertor("address", _AddressConvertor())

router = api_router(prefix="/v1/public-ips", tags=["public IPs"])
_PublicIp = Annotated[
    str, Path(max_length=128, description="The id, the name, or the address itself.", examples=["shop"])
]


@prepares
async def _know_locations(body: PublicIpCreate, caller: OperatorChecks) -> None:
    """Before the transaction: without Azure's list at hand, no wrong location could be told from a right one."""
    subscription_id = subscription_of(caller.scope, caller.services.settings.azure)
    await ensure_catalogue(caller.services, subscription_id=subscription_id, location=body.location)


@router.post(
    "",
    status_code=202,
    summary="Reserve a public address",
    responses=errors(PublicIpNameTakenError, GroupDeletingError, NoSubscriptionError),
    dependencies=[Depends(_know_locations)],
)
async def create_public_ip(body: PublicIpCreate, call: OperatorWrites, response: Response) -> PublicIpAccepted:
    """It stays until it is released, whatever becomes of what uses it."""
    subscription_id = subscription_of(call.scope, call.services.settings.azure)
    job, row = await public_ips.reserve(call.session, asker_of(call), body, subscription_id=subscription_id)
    return await _accepted(call, response, job, row)


@router.post(
    ":adopt",
    status_code=202,
    summary="Adopt a public address that is in Azure",
    responses=errors(PublicIpNameTakenError, PublicIpKnownError, NoSubscriptionError),
)
async def adopt_public_ip(body: PublicIpAdopt, call: OperatorWrites, response: Response) -> PublicIpAccepted:
    """Slipway uses it, and never changes or removes it: a release forgets it."""
    subscription_id = subscription_of(call.scope, call.services.settings.azure)
    job, row = await public_ips.adopt(call.session, asker_of(call), body, subscription_id=subscription_id)
    return await _accepted(call, response, job, row)


@router.post(":sweep", summary="Release what nothing uses")
async def sweep_public_ips(body: PublicIpSweep, call: OperatorWrites) -> PublicIpSwept:
    """A job for each that Slipway made and that nothing has used for so long; the list's `orphan` shows them before."""
    options = body.options.model_dump(mode="json")
    started, kept = await sweep(call.session, asker_of(call), unused_days=body.unused_days, options=options)
    return PublicIpSwept(
        jobs=[job_read(job, call.now) for job in started],
        kept=[PublicIpKept(id=row.id, name=row.name, address=row.address, reason=reason) for row, reason in kept],
    )


@router.get("", summary="List public addresses, newest first")
async def list_public_ips(
    *,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    cluster: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=128,
            pattern=r"^[A-Za-z0-9_-]+$",
            description="Of this cluster, by id or name: what it has or uses.",
        ),
    ] = None,
    used: Annotated[bool | None, Query(description="Whether something in Azure has the address.")] = None,
    address: Annotated[str | None, Query(max_length=45, pattern=r"^[0-9A-Fa-f.:]+$")] = None,
    origin: Annotated[Origin | None, Query(description="Who made it.")] = None,
    state: Annotated[str | None, Query(max_length=24, pattern=r"^[a-z_]+$")] = None,
) -> Page[PublicIpRead]:
    """The project's own, and those that AKS or a Service made for its clusters; released ones with `state=deleted`."""
    project_id = call.scope.project.id
    filters = Filters(cluster=cluster, used=used, address=address, origin=origin, state=state)
    page = await public_ip_lists.list_(
        call.session, call.scope, filters, after=paging.after(project_id), limit=paging.limit
    )
    return paging.answer(project_id, page, lambda item: item, response)


@router.get("/{public_ip:address}", summary="Whose is this address?")
async def get_public_ip(public_ip: _PublicIp, call: ReaderReads, response: Response) -> PublicIpRead:
    """By id, name, or the address itself, over all clusters of the project; by id also after it was released."""
    found, version = await public_ip_lists.whose(call.session, call.scope, public_ip)
    if version:
        set_etag(response, version)
    return found


@router.delete(
    "/{public_ip:address}",
    status_code=202,
    summary="Release a public address",
    responses=errors(PublicIpInUseError),
)
async def delete_public_ip(
    public_ip: _PublicIp,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[DeleteOptions, Query()],
) -> PublicIpAccepted:
    """Never while something has it: the answer names the holder. One that Slipway did not make stays in Azure.

    The job's `outcome.azure` says what became of it: `removed`, `kept`, or `absent` where Azure had none.
    """
    row = await public_ips.lock(call.session, call.scope, public_ip)
    if_match.check(row.version)
    job = await public_ips.release(call.session, asker_of(call), row, options.run_options())
    return await _accepted(call, response, job, row)


async def _accepted(call: OperatorWrites, response: Response, job: Job, row: PublicIp) -> PublicIpAccepted:
    point_to_job(response, job.id)
    set_etag(response, row.version)
    use = (await uses_of_rows(call.session, row.project_id, [row]))[row.id]
    return PublicIpAccepted(job=job_read(job, call.now), resource=public_ip_read(row, use))
