"""Make shares: the rules of a request, the row, and the account that it shall lie in."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.catalog import service as catalog
from app.clusters.service.start import Asker
from app.core.errors import FieldError, InvalidRequestError
from app.core.ids import Prefix, looks_like_id, new_id
from app.models import Cluster, Job, Share, StorageAccount, StorageState
from app.storage.schemas.shares import ClusterShareCreate
from app.storage.service.placement import Site, given, place
from app.storage.service.share_use import nodes_of
from app.storage.service.shares import ShareNameTakenError, start, tell
from app.storage.specs import share_kinds as kinds
from app.storage.specs.accounts import form_of
from app.storage.specs.limits import broken_pairs, tier_of
from app.storage.specs.shares import WantedShare
from app.subscriptions import service as subscriptions

_GROUP_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a share is asked for; `at` stands before the pointers of what is wrong."""

    subscription_id: str
    location: str
    cluster: Cluster | None = None
    at: str = ""


async def create_share(
    session: AsyncSession,
    asker: Asker,
    body: ClusterShareCreate,
    wish: Wish,
) -> tuple[Job, Share]:
    """Write the share's row and start the job that makes it: all, or nothing.

    Raises InvalidRequestError, ShareNameTakenError, AccountTakenError, AccountsLimitError, and what
    `subscriptions.choose_group` raises.
    """
    row = await add_share(session, asker, body, wish)
    options = body.options.model_dump(mode="json")
    return await start(session, asker, row, kinds.CREATE, options=options), row


async def add_share(
    session: AsyncSession,
    asker: Asker,
    body: ClusterShareCreate,
    wish: Wish,
) -> Share:
    """Write a share's row, in an account that is chosen or new; whose job it is to make it is for the caller to say.

    Raises as `create_share`.
    """
    cluster = wish.cluster
    nodes = () if cluster is None else await nodes_of(session, cluster)
    errors = _broken_rules(body, wish, nodes)
    unknown = await catalog.known_location(
        session, subscription_id=wish.subscription_id, name=wish.location, now=asker.now
    )
    errors += [unknown] if unknown else []
    if errors:
        errors = [replace(each, pointer=wish.at + each.pointer) for each in errors]
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=errors)
    await _require_free_name(session, asker.scope, body.name, at=wish.at)
    account = await _account(session, asker, body, wish, nodes)
    wanted = WantedShare(
        tier=tier_of(body).value,
        redundancy=body.redundancy.value,
        location=wish.location.lower(),
        root_squash=None if body.root_squash is None else body.root_squash.value,
        grown_at=asker.now,
        named=body.account is not None,
        nodes=nodes,
    )
    row = Share(
        id=new_id(Prefix.SHARE),
        project_id=asker.scope.project.id,
        account_id=account.id,
        cluster_id=None if cluster is None else cluster.id,
        name=body.name,
        azure_name=body.name,
        protocol=body.protocol.value,
        quota_gib=body.quota_gib,
        managed=not body.adopt,
        state=StorageState.CREATING,
        wanted=wanted.as_json(),
        created_by=asker.name,
        created_at=asker.now,
        updated_at=asker.now,
    )
    session.add(row)
    await session.flush()
    await tell(session, row, "create_requested", asker.now)
    return row


def default_group(project: str) -> str:
    """The group of a share's account where neither it nor a cluster names one."""
    end = "-storage"
    return f"slipway-{project}"[: _GROUP_LENGTH - len(end)].rstrip(".-_") + end


def _broken_rules(body: ClusterShareCreate, wish: Wish, nodes: tuple[str, ...]) -> list[FieldError]:
    cluster = wish.cluster
    found = broken_pairs(body, for_cluster=cluster is not None)
    if looks_like_id(body.name):
        detail = "A name that begins like an id of Slipway's is not allowed."
        found.append(FieldError("name_looks_like_id", "/name", detail))
    if body.adopt and (body.account is None or body.account.make):
        detail = "Name the account in which the share is, without `make`."
        found.append(FieldError("adopt_needs_account", "/account", detail))
    if cluster is not None and body.network.cluster_subnets and not nodes:
        detail = "The subnets of the cluster's nodes are not known yet: POST /v1/clusters/{cluster}:sync first."
        found.append(FieldError("subnets_unknown", "/network/cluster_subnets", detail))
    for number, subnet_id in enumerate(body.network.subnet_ids):
        if subnet_id.split("/")[2].lower() != wish.subscription_id.lower():
            detail = "It lies in another subscription than the project's."
            found.append(FieldError("other_subscription", f"/network/subnet_ids/{number}", detail))
    return found


async def _account(
    session: AsyncSession,
    asker: Asker,
    body: ClusterShareCreate,
    wish: Wish,
    nodes: tuple[str, ...],
) -> StorageAccount:
    named, cluster, subscription_id, location = body.account, wish.cluster, wish.subscription_id, wish.location.lower()
    usual = default_group(asker.scope.project.name) if cluster is None else cluster.resource_group
    name = (named and named.resource_group) or body.resource_group or usual
    # Its rows are locked until the commit: two shares at once do not each make an account.
    group = await subscriptions.choose_group(
        session, asker.scope, name=name, subscription_id=subscription_id, location=location, now=asker.now
    )
    subnets = (*(nodes if body.network.cluster_subnets else ()), *body.network.subnet_ids)
    form = form_of(body, subnet_ids=subnets)
    site = Site(asker.scope.project.id, subscription_id, group.azure_name, location, asker.name, asker.now)
    if named is not None:
        return await given(session, site, form, name=named.name, make=named.make)
    return await place(session, site, form, quota_gib=body.quota_gib)


async def _require_free_name(session: AsyncSession, scope: Scope, name: str, *, at: str = "") -> None:
    taken = in_project(select(Share.state), Share, scope).where(Share.deleted_at.is_(None), Share.name == name)
    state = (await session.scalars(taken.limit(1))).first()
    if state is not None:
        raise ShareNameTakenError(
            f"The project has a share of this name; it is {state}.",
            errors=[FieldError("name_taken", f"{at}/name", "A living share of the project has this name.")],
        )
