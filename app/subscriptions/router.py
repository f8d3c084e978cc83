"""HTTP: resource providers and resource groups of the project's subscription."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from app.api.calls import OperatorChecks, OperatorWrites, ReaderAsks, ReaderReads
from app.api.etags import IfMatch, set_etag
from app.api.in_part import prepares
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.route import api_router
from app.catalog.live import ensure_catalogue
from app.catalog.service import NoSubscriptionError, subscription_of
from app.db.pages import read_page
from app.jobs.schemas import DeleteOptions
from app.jobs.service import BusyError, parts_of
from app.jobs.specs import job_read
from app.models import Job, ResourceGroup
from app.subscriptions import live
from app.subscriptions.schemas import (
    GroupName,
    LocationName,
    ProviderAccepted,
    ProviderRead,
    ProviderRegister,
    ResourceGroupAccepted,
    ResourceGroupCreate,
    ResourceGroupRead,
)
from app.subscriptions.service import GroupDeletingError, groups, providers
from app.subscriptions.service.choose import GroupInUseError
from app.subscriptions.service.groups import GroupNameTakenError
from app.subscriptions.specs import group_read, provider_read

providers_router = api_router(prefix="/v1/providers", tags=["subscriptions"])
groups_router = api_router(prefix="/v1/resource-groups", tags=["subscriptions"])

_Namespace = Annotated[
    str,
    Path(
        min_length=3,
        max_length=100,
        pattern=r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)+$",
        description="The provider's namespace, in any case.",
        examples=["Microsoft.ContainerService"],
    ),
]
_Group = Annotated[
    str,
    Path(max_length=128, description="The resource group's id, or its name in any case.", examples=["payments-prod"]),
]


@providers_router.get(
    "/{namespace:name}",
    summary="Read a resource provider's registration",
    responses=errors(live.ProviderUnknownError, NoSubscriptionError),
)
async def get_provider(namespace: _Namespace, call: ReaderAsks) -> ProviderRead:
    """Azure is asked when what is known is old; where it does not answer, what was last seen, with its age."""
    return provider_read(await live.read_provider(call, namespace))


@providers_router.post(
    "/{namespace:name}:register",
    status_code=202,
    summary="Register a resource provider",
    responses=errors(NoSubscriptionError, BusyError),
)
async def register_provider(
    namespace: _Namespace, call: OperatorWrites, response: Response, body: ProviderRegister | None = None
) -> ProviderAccepted:
    """Without it Azure refuses to make the provider's resources. A registered one stays as it is."""
    subscription_id = subscription_of(call.scope, call.services.settings.azure)
    job = await providers.register(
        call.session,
        call.scope,
        namespace,
        queue=parts_of(call.services).queue,
        subscription_id=subscription_id,
        options=(body or ProviderRegister()).options.model_dump(mode="json"),
        now=call.now,
    )
    known = await providers.get(call.session, subscription_id=subscription_id, namespace=namespace)
    point_to_job(response, job.id)
    return ProviderAccepted(job=job_read(job, call.now), resource=None if known is None else provider_read(known))


@prepares
async def _know_locations(body: ResourceGroupCreate, caller: OperatorChecks) -> None:
    """Before the transaction: without Azure's list at hand, no wrong location could be told from a right one."""
    subscription_id = subscription_of(caller.scope, caller.services.settings.azure)
    await ensure_catalogue(caller.services, subscription_id=subscription_id, location=body.location)


@groups_router.post(
    "",
    status_code=202,
    summary="Create a resource group",
    responses=errors(GroupNameTakenError, GroupDeletingError, NoSubscriptionError),
    dependencies=[Depends(_know_locations)],
)
async def create_resource_group(
    body: ResourceGroupCreate, call: OperatorWrites, response: Response
) -> ResourceGroupAccepted:
    """A group of the name that is in Azure already is used as it is, and never changed or removed."""
    job, group = await groups.create_group(
        call.session,
        call.scope,
        body,
        queue=parts_of(call.services).queue,
        subscription_id=subscription_of(call.scope, call.services.settings.azure),
        now=call.now,
    )
    return _accepted(call, response, job, group)


@groups_router.get("", summary="List resource groups, newest first")
async def list_resource_groups(
    *,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    state: Annotated[str | None, Query(max_length=24, pattern=r"^[a-z_]+$")] = None,
    name: GroupName | None = None,
    location: LocationName | None = None,
) -> Page[ResourceGroupRead]:
    """Those that the project made or uses; deleted ones only with `state=deleted`."""
    project_id = call.scope.project.id
    page = await read_page(
        call.session,
        groups.list_(call.scope, state=state, name=name, location=location),
        (ResourceGroup.created_at, ResourceGroup.id),
        after=paging.after(project_id),
        limit=paging.limit,
        descending=True,
    )
    return paging.answer(project_id, page, group_read, response)


@groups_router.get("/{group:name}", summary="Read a resource group")
async def get_resource_group(group: _Group, call: ReaderReads, response: Response) -> ResourceGroupRead:
    """By id or name; by id also after it was deleted."""
    found = await groups.find_group(call.session, call.scope, group)
    set_etag(response, found.version)
    return group_read(found)


@groups_router.delete(
    "/{group:name}", status_code=202, summary="Delete a resource group", responses=errors(GroupInUseError)
)
async def delete_resource_group(
    group: _Group,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[DeleteOptions, Query()],
) -> ResourceGroupAccepted:
    """It is removed from Azure if Slipway made it for the project and nothing lies in it.

    One that Slipway did not make is forgotten, and stays in Azure. The job's `outcome.azure` says which it was:
    `removed`, `kept`, or `absent` where Azure had none.
    """
    found = await groups.lock_for_delete(call.session, call.scope, group)
    if_match.check(found.version)
    job = await groups.delete_group(
        call.session,
        call.scope,
        found,
        queue=parts_of(call.services).queue,
        options=options.run_options(),
        now=call.now,
    )
    return _accepted(call, response, job, found)


def _accepted(call: OperatorWrites, response: Response, job: Job, group: ResourceGroup) -> ResourceGroupAccepted:
    point_to_job(response, job.id)
    set_etag(response, group.version)
    return ResourceGroupAccepted(job=job_read(job, call.now), resource=group_read(group))


routers = (providers_router, groups_router)
