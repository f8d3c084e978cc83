"""Reserve, adopt and release public addresses."""

import ipaddress
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.catalog import service as catalog
from app.clusters.service.start import SUPERSEDED, Asker
from app.core.errors import ConflictError, FieldError, InvalidRequestError, NotFoundError
from app.core.ids import Prefix, is_id, new_id
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.events import emit
from app.jobs import service as jobs
from app.load_balancers.schemas.public_ips import PublicIpAdopt, PublicIpCreate
from app.load_balancers.service.public_ip_use import holder_of, in_use
from app.load_balancers.specs import public_ip_kinds as kinds
from app.load_balancers.specs.public_ips import (
    WantedAddress,
    broken_adoption,
    broken_rules,
    group_and_name,
    wanted_of,
)
from app.models import AzureResource, Job, PublicIp, PublicIpState
from app.subscriptions import service as subscriptions

PUBLIC_IP_TYPE = "Microsoft.Network/publicIPAddresses"
_GROUP_LENGTH = 64


class PublicIpNameTakenError(ConflictError):
    """The project has a living address of this name."""

    code = "name_taken"
    title = "The name is taken"
    remedy = "Choose another name, or release that address first."


class PublicIpKnownError(ConflictError):
    """The project has this address already."""

    code = "public_ip_known"
    title = "The project has this address already"
    remedy = "Use it as it is: GET /v1/public-ips."


async def reserve(
    session: AsyncSession, asker: Asker, body: PublicIpCreate, *, subscription_id: str
) -> tuple[Job, PublicIp]:
    """Write the address's row and its group, and start the job that makes it: all, or nothing.

    Raises InvalidRequestError, PublicIpNameTakenError and what `subscriptions.choose_group` raises.
    """
    errors = broken_rules(body, subscription_id=subscription_id)
    unknown = await catalog.known_location(session, subscription_id=subscription_id, name=body.location, now=asker.now)
    errors += [unknown] if unknown else []
    errors += await _label_taken(session, asker.scope, body, subscription_id=subscription_id)
    if errors:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=errors)
    await _require_free_name(session, asker.scope, body.name)
    group = await subscriptions.choose_group(
        session,
        asker.scope,
        name=body.resource_group or default_group(asker.scope.project.name),
        subscription_id=subscription_id,
        location=body.location.lower(),
        now=asker.now,
    )
    row = _row(
        asker,
        name=body.name,
        azure_name=body.name,
        subscription_id=subscription_id,
        resource_group=group.azure_name,
        location=body.location.lower(),
        managed=True,
        wanted=wanted_of(body),
    )
    return await _begin(session, asker, row, kinds.CREATE, body.options.model_dump(mode="json"))


def default_group(project: str) -> str:
    """The group of an address that names none."""
    end = "-addresses"
    return f"slipway-{project}"[: _GROUP_LENGTH - len(end)].rstrip(".-_") + end


async def adopt(
    session: AsyncSession, asker: Asker, body: PublicIpAdopt, *, subscription_id: str
) -> tuple[Job, PublicIp]:
    """Write a row for an address that is in Azure, and start the job that looks at it.

    Raises InvalidRequestError, PublicIpNameTakenError, PublicIpKnownError.
    """
    errors = broken_adoption(body, subscription_id=subscription_id)
    if errors:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=errors)
    group, azure_name = group_and_name(body.azure_id)
    name = body.name or azure_name
    await _require_free_name(session, asker.scope, name, pointer="/name" if body.name else "/azure_id")
    known = in_project(select(PublicIp.id), PublicIp, asker.scope).where(
        PublicIp.deleted_at.is_(None),
        func.lower(PublicIp.resource_group) == group.lower(),
        func.lower(PublicIp.azure_name) == azure_name.lower(),
        func.lower(PublicIp.subscription_id) == subscription_id.lower(),
    )
    if (await session.scalars(known.limit(1))).first() is not None:
        raise PublicIpKnownError(
            "The project has this address.",
            errors=[FieldError("public_ip_known", "/azure_id", "A living address of the project is this one.")],
        )
    row = _row(
        asker,
        name=name,
        azure_name=azure_name,
        subscription_id=subscription_id,
        resource_group=group,
        location="",
        managed=False,
        wanted=WantedAddress(),
    )
    return await _begin(session, asker, row, kinds.ADOPT, body.options.model_dump(mode="json"))


def normal(text: str) -> str | None:
    """An IP address as rows keep it; None for what is none."""
    try:
        return ipaddress.ip_address(text).compressed
    except ValueError:
        return None


async def lock(session: AsyncSession, scope: Scope, reference: str) -> PublicIp:
    """A living address by id, name or address, locked until the commit, and before it the jobs that are at work on it.

    In this order, since a job's own transactions lock the job first. Raises NotFoundError.
    """
    asked = in_project(select(PublicIp), PublicIp, scope).where(PublicIp.deleted_at.is_(None))
    address = normal(reference)
    if is_id(reference, Prefix.PUBLIC_IP):
        asked = asked.where(PublicIp.id == reference)
    elif address is not None:
        asked = asked.where(PublicIp.address == address)
    else:
        asked = asked.where(func.lower(PublicIp.name) == reference.lower())
    found = (await session.scalars(asked.order_by(PublicIp.id).limit(1))).one_or_none()
    if found is None:
        raise no_such_address()
    await jobs.open_jobs_of(session, partition_of(found))
    await session.refresh(found, with_for_update=True)
    if found.deleted_at is not None:
        raise no_such_address()
    return found


def no_such_address() -> NotFoundError:
    """The answer for an address that does not exist, is deleted, or belongs to another project."""
    return NotFoundError("There is no such address.", remedy="List your project's addresses: GET /v1/public-ips.")


async def release(session: AsyncSession, asker: Asker, row: PublicIp, options: JsonObject) -> Job:
    """Start the job that removes an address of ours from Azure, or forgets another; one that makes it makes way.

    Asking twice gives the job that is at it already. Raises PublicIpInUseError.
    """
    open_jobs = await jobs.open_jobs_of(session, partition_of(row))
    for job in open_jobs:
        if job.kind == kinds.DELETE.name and job.cancel_code is None:
            return job
    use = await holder_of(session, row)
    if use is not None:
        raise in_use(row, use)
    for job in open_jobs:
        await jobs.ask_to_stop(session, job, code=SUPERSEDED, now=asker.now)
    before = row.state
    if row.state != PublicIpState.DELETING:
        row.state = PublicIpState.DELETING
        row.version += 1
        row.updated_at = asker.now
    await _tell(session, row, "release_requested", asker.now)
    return await _start(session, asker, row, kinds.DELETE, options=options, request={"before": before})


def partition_of(row: PublicIp) -> str:
    """Jobs of one address run one at a time."""
    return f"public_ip:{row.id}"


async def _require_free_name(session: AsyncSession, scope: Scope, name: str, *, pointer: str = "/name") -> None:
    taken = in_project(select(PublicIp.state), PublicIp, scope).where(PublicIp.deleted_at.is_(None))
    state = (await session.scalars(taken.where(func.lower(PublicIp.name) == name.lower()).limit(1))).first()
    if state is not None:
        raise PublicIpNameTakenError(
            f"The project has an address of this name; it is {state}.",
            errors=[FieldError("name_taken", pointer, "A living address of the project has this name.")],
        )


async def _label_taken(
    session: AsyncSession, scope: Scope, body: PublicIpCreate, *, subscription_id: str
) -> list[FieldError]:
    """Trouble 62: the holder of a DNS label is named, where it is the project's own."""
    if body.dns_label is None:
        return []
    asked = select(AzureResource.name, AzureResource.key).where(
        AzureResource.type == PUBLIC_IP_TYPE,
        AzureResource.subscription_id == subscription_id,
        AzureResource.location == body.location.lower(),
        AzureResource.body["dns_label"].as_string() == body.dns_label,
    )
    seen = (await session.execute(asked.limit(1))).first()
    reserved = in_project(select(PublicIp.name), PublicIp, scope).where(
        PublicIp.deleted_at.is_(None),
        PublicIp.location == body.location.lower(),
        PublicIp.wanted["dns_label"].as_string() == body.dns_label,
    )
    own = (await session.scalars(reserved.limit(1))).first()
    if own is None and seen is None:
        return []
    holder = f"The address {own}" if own else "Another address in the subscription"
    return [FieldError("dns_label_taken", "/dns_label", f"{holder} has this label in {body.location}.")]


def _row(
    asker: Asker,
    *,
    name: str,
    azure_name: str,
    subscription_id: str,
    resource_group: str,
    location: str,
    managed: bool,
    wanted: WantedAddress,
) -> PublicIp:
    return PublicIp(
        id=new_id(Prefix.PUBLIC_IP),
        project_id=asker.scope.project.id,
        name=name,
        azure_name=azure_name,
        subscription_id=subscription_id,
        resource_group=resource_group,
        location=location,
        managed=managed,
        state=PublicIpState.CREATING,
        wanted=wanted.as_json(),
        created_by=asker.name,
        created_at=asker.now,
        updated_at=asker.now,
    )


async def _begin(
    session: AsyncSession, asker: Asker, row: PublicIp, kind: JobKind, options: JsonObject
) -> tuple[Job, PublicIp]:
    session.add(row)
    await session.flush()
    await _tell(session, row, f"{kind.name.partition('.')[2]}_requested", asker.now)
    return await _start(session, asker, row, kind, options=options), row


async def _start(
    session: AsyncSession,
    asker: Asker,
    row: PublicIp,
    kind: JobKind,
    *,
    options: JsonObject,
    request: JsonObject | None = None,
) -> Job:
    target = jobs.Target(row.id, row.name, partition_of(row))
    return await asker.start(session, kind, target, options=options, request=request)


async def _tell(session: AsyncSession, row: PublicIp, event: str, now: datetime) -> None:
    await emit(
        session,
        f"public_ip.{event}",
        at=now,
        project_id=row.project_id,
        subject=("public_ip", row.id),
        data={"name": row.name, "state": row.state},
    )
