"""Ask for a cluster."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.in_part import require_whole, unless_refused
from app.auth.scope import Scope, in_project
from app.catalog import service as catalog
from app.clusters.schemas.clusters import LATEST, ClusterCreate
from app.clusters.schemas.ending import OnExpiry
from app.clusters.service.addresses import FoundAddresses, Taker, find_addresses
from app.clusters.service.offered import OfferCheck, check_offered
from app.clusters.service.outbound import require_ports_of_new
from app.clusters.service.sealed import WINDOWS_PASSWORD, keep_sealed
from app.clusters.service.start import Asker, NameTakenError, start, tell
from app.clusters.specs import kinds
from app.clusters.specs.ending import check_end, end_of
from app.clusters.specs.ground_rules import KnownNetworks, known_networks, network_key, subnets_of
from app.clusters.specs.network_rules import OUTBOUND_AT
from app.clusters.specs.offers import Offer
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.rules import check_create
from app.clusters.specs.secret_rules import SecretPlaces
from app.clusters.specs.wanted import Wanted
from app.core.errors import ErrorClass, FieldError, SlipwayError
from app.core.ids import Prefix, new_id
from app.core.settings import Settings
from app.models import AzureResource, Cluster, ClusterState, Job, NodePool, NodePoolState
from app.subscriptions import service as subscriptions


class LatestUnknownError(SlipwayError):
    """`latest` was asked for while nobody can tell which version that is."""

    code = "latest_unknown"
    status = 503
    title = "The newest version is not known at the moment"
    error_class = ErrorClass.TRANSIENT
    retryable = True
    remedy = "Look at `location`; name a version, or ask again when Azure answers."


async def create_cluster(
    session: AsyncSession, asker: Asker, body: ClusterCreate, *, subscription_id: str, settings: Settings
) -> tuple[Job, Cluster, str | None]:
    """Write the cluster's row, its pools and its group, and start the job that makes it: all, or nothing.

    Returns the private key too, when one was generated. Raises InvalidRequestError, LatestUnknownError, NameTakenError,
    NoSealingKeyError, PublicIpInUseError, SnatExhaustedError and what `subscriptions.choose_group` raises.
    """
    cluster_id = new_id(Prefix.CLUSTER)
    rejections, own, networks = Rejections(), FoundAddresses(), known_networks({})
    await check_offered(body, OfferCheck(session, subscription_id, asker.now, rejections))
    check_end(body, rejections, now=asker.now)
    with unless_refused():
        body = await _with_exact_version(session, body, subscription_id=subscription_id)
    with unless_refused():
        taker = Taker(cluster_id, subscription_id, body.location)
        own = await find_addresses(session, asker.scope, taker, _own_addresses(body), f"{OUTBOUND_AT}/public_ips")
        rejections.errors.extend(own.errors)
    with unless_refused():
        networks = await _networks(session, body)
    checked = check_create(
        body,
        cluster_id=cluster_id,
        project=asker.scope.project.name,
        secrets=SecretPlaces.of(settings),
        rejections=rejections,
        networks=networks,
        own_addresses=own.azure_ids,
    )
    require_whole(body)
    await require_ports_of_new(session, checked.wanted, f"{OUTBOUND_AT}/ports_per_node")
    await _require_free_name(session, asker.scope, body.name)
    group = await subscriptions.choose_group(
        session,
        asker.scope,
        name=checked.group,
        subscription_id=subscription_id,
        location=checked.wanted.location,
        now=asker.now,
    )
    cluster = Cluster(
        id=cluster_id,
        project_id=asker.scope.project.id,
        name=body.name,
        azure_name=body.name,
        subscription_id=subscription_id,
        resource_group=group.azure_name,
        resource_group_id=group.id,
        location=checked.wanted.location,
        state=ClusterState.CREATING,
        wanted=checked.wanted.as_json(),
        protected=bool(body.protection),
        expires_at=end_of(body, now=asker.now),
        on_expiry=body.on_expiry or OnExpiry.DELETE,
        created_by=asker.name,
        created_at=asker.now,
        updated_at=asker.now,
    )
    session.add(cluster)
    await session.flush()
    session.add_all(_pool_rows(cluster, checked.wanted, asker.now))
    if body.windows_password is not None:
        await keep_sealed(
            session, cluster.id, WINDOWS_PASSWORD, body.windows_password, keys=settings.secrets.keys, now=asker.now
        )
    await tell(session, cluster, "cluster.create_requested", asker.now)
    first = Offer.of(checked.wanted, [pool.name for pool in checked.wanted.pools])
    others = [
        first.instead(location=each.location and each.location.lower(), size=each.size, zones=each.zones)
        for each in body.fallbacks
    ]
    request = {"offers": [offer.as_json() for offer in (first, *others)]} if others else None
    options = body.options.model_dump(mode="json")
    job = await start(session, asker, kinds.CREATE, cluster, options=options, request=request)
    cluster.created_by_job = job.id
    return job, cluster, checked.private_key


def _own_addresses(body: ClusterCreate) -> list[str]:
    outbound = body.network.outbound if body.network is not None else None
    return [] if outbound is None else outbound.public_ips or []


async def _with_exact_version(session: AsyncSession, body: ClusterCreate, *, subscription_id: str) -> ClusterCreate:
    if body.kubernetes_version != LATEST:
        return body
    newest = await catalog.newest_version(session, subscription_id=subscription_id, location=body.location)
    if newest is None:
        raise LatestUnknownError(f"Azure has not said which versions {body.location} has.")
    return body.model_copy(update={"kubernetes_version": newest})


async def _networks(session: AsyncSession, body: ClusterCreate) -> KnownNetworks:
    """Of the virtual networks that the request names those that were seen."""
    keys = {network_key(subnet) for subnet in subnets_of(body).values()}
    rows = select(AzureResource).where(AzureResource.key.in_(sorted(keys))).order_by(AzureResource.key)
    found = (await session.scalars(rows.limit(len(keys)))).all() if keys else []
    return known_networks({row.key: row.body for row in found})


async def _require_free_name(session: AsyncSession, scope: Scope, name: str) -> None:
    query = in_project(select(Cluster.state), Cluster, scope).where(Cluster.deleted_at.is_(None))
    # Azure compares names without regard to case.
    state = (await session.scalars(query.where(func.lower(Cluster.name) == name.lower()).limit(1))).first()
    if state is None:
        return
    raise NameTakenError(
        f"The project has a cluster of this name; it is {state}.",
        errors=[FieldError("name_taken", "/name", "A living cluster of the project has this name.")],
    )


def _pool_rows(cluster: Cluster, wanted: Wanted, now: datetime) -> list[NodePool]:
    return [
        NodePool(
            id=new_id(Prefix.NODE_POOL),
            cluster_id=cluster.id,
            name=pool.name,
            azure_name=pool.spec.name,
            state=NodePoolState.CREATING,
            mode=pool.spec.mode,
            os_type=pool.spec.os_type,
            vm_size=pool.spec.vm_size,
            count=pool.spec.count,
            created_at=now,
            updated_at=now,
        )
        for pool in wanted.pools
    ]
