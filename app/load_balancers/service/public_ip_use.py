"""Who has an address: by what was seen in Azure, and by what exposures and clusters want and do not have yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.clusters.service.addresses import FoundAddresses, PublicIpInUseError, Taker
from app.clusters.specs.wanted import Wanted
from app.core.errors import FieldError
from app.core.ids import Prefix, is_id
from app.core.json import JsonObject
from app.load_balancers.schemas.public_ips import AddressUse
from app.load_balancers.specs.address_use import (
    UNUSED,
    KnownBalancer,
    KnownService,
    balancer_of,
    frontend_name,
    in_words,
    outbound_frontends,
    use_of,
)
from app.load_balancers.specs.public_ips import azure_id_of
from app.models import AzureResource, Cluster, Exposure, PublicIp, PublicIpState

_MOST_SERVICES = 5_000
_MOST_CLUSTERS = 1_000
_MOST_ADDRESSES = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """What Azure says of an address, as rows keep it: what has it, and its tags."""

    holder_id: str | None
    tags: Mapping[str, str]


def held(body: JsonObject | None) -> Held:
    """What is kept of an address says of its holder."""
    found = body or {}
    return Held(found.get("used_by"), found.get("tags") or {})


async def uses_of(session: AsyncSession, project_id: str, addresses: Mapping[str, Held]) -> dict[str, AddressUse]:
    """Who has these addresses, by the caller's own keys. What belongs to other projects has no name here."""
    keys = {key for each in addresses.values() if each.holder_id and (key := balancer_of(each.holder_id))}
    balancers = await _balancers(session, project_id, keys)
    return {
        key: use_of(each.holder_id, balancers.get(balancer_of(each.holder_id or "") or ""), each.tags)
        for key, each in addresses.items()
    }


async def _balancers(session: AsyncSession, project_id: str, keys: set[str]) -> dict[str, KnownBalancer]:
    if not keys:
        return {}
    asked = select(AzureResource).where(AzureResource.key.in_(keys)).order_by(AzureResource.key).limit(len(keys))
    rows = (await session.scalars(asked)).all()
    ids = {row.cluster_id for row in rows if row.cluster_id}
    own = select(Cluster.id, Cluster.name).where(Cluster.id.in_(ids), Cluster.project_id == project_id)
    names = {row.id: row.name for row in (await session.execute(own)).all()}
    services = await _services(session, names)
    return {
        row.key: KnownBalancer(
            cluster_id=row.cluster_id if row.cluster_id in names else None,
            cluster=names.get(row.cluster_id or ""),
            outbound=outbound_frontends(row.body),
            services=services.get(row.cluster_id or "", {}),
        )
        for row in rows
    }


async def _services(session: AsyncSession, clusters: Mapping[str, str]) -> dict[str, dict[str, KnownService]]:
    asked = (
        select(Exposure.cluster_id, Exposure.service_uid, Exposure.id, Exposure.namespace, Exposure.name)
        .where(Exposure.cluster_id.in_(clusters), Exposure.deleted_at.is_(None), Exposure.service_uid.is_not(None))
        .order_by(Exposure.id)
        .limit(_MOST_SERVICES)
    )
    found: dict[str, dict[str, KnownService]] = {}
    for cluster_id, uid, exposure_id, namespace, name in (await session.execute(asked)).all() if clusters else []:
        found.setdefault(cluster_id, {})[frontend_name(str(uid))] = KnownService(exposure_id, namespace, name)
    return found


async def uses_of_rows(session: AsyncSession, project_id: str, rows: Sequence[PublicIp]) -> dict[str, AddressUse]:
    """Who has or wants these addresses of one project, by their ids."""
    if not rows:
        return {}
    keys = {azure_id_of(row).lower(): row for row in rows}
    asked = select(AzureResource).where(AzureResource.key.in_(keys)).order_by(AzureResource.key).limit(len(keys))
    seen = {each.key: each for each in (await session.scalars(asked)).all()}
    found = await uses_of(
        session,
        project_id,
        {row.id: held(_newer(row, seen.get(key))) for key, row in keys.items()},
    )
    wanted = await _wanted_by_exposures(session, [row.id for row in rows])
    wanted |= await _wanted_by_clusters(session, project_id, keys)
    # What is asked for and not yet in Azure holds the address too.
    return {key: wanted.get(key, use) if use.kind == UNUSED.kind else use for key, use in found.items()}


def _newer(row: PublicIp, seen: AzureResource | None) -> JsonObject | None:
    """What was said last of an address: by a job of its own, or by the inventory."""
    if seen is None or (row.observed_at is not None and row.observed_at > seen.observed_at):
        return row.observed
    return seen.body


async def _wanted_by_exposures(session: AsyncSession, ids: Sequence[str]) -> dict[str, AddressUse]:
    wanted = Exposure.wanted["public_ip"]["id"].as_string()
    asked = (
        select(wanted, Exposure.cluster_id, Cluster.name, Exposure.namespace, Exposure.name, Exposure.id)
        .join(Cluster, Cluster.id == Exposure.cluster_id)
        .where(wanted.in_(ids), Exposure.deleted_at.is_(None))
        .order_by(Exposure.id)
        .limit(len(ids))
    )
    return {
        address: AddressUse(
            kind="service",
            cluster_id=cluster_id,
            cluster=cluster,
            namespace=namespace,
            name=name,
            exposure_id=exposure_id,
        )
        for address, cluster_id, cluster, namespace, name, exposure_id in (await session.execute(asked)).all()
    }


async def _wanted_by_clusters(
    session: AsyncSession, project_id: str, keys: Mapping[str, PublicIp]
) -> dict[str, AddressUse]:
    outbound = Cluster.wanted["outbound"]
    asked = (
        select(Cluster)
        .where(
            Cluster.project_id == project_id,
            Cluster.deleted_at.is_(None),
            outbound["allocated_ports"].as_string().is_not(None),
            outbound["managed_count"].as_string().is_(None),
        )
        .order_by(Cluster.id)
        .limit(_MOST_CLUSTERS)
    )
    found: dict[str, AddressUse] = {}
    for cluster in (await session.scalars(asked)).all():
        wanted = Wanted.from_json(cluster.wanted).outbound
        for azure_id in wanted.public_ip_ids if wanted else ():
            row = keys.get(azure_id.lower())
            if row is not None:
                found[row.id] = AddressUse(kind="outbound", cluster_id=cluster.id, cluster=cluster.name)
    return found


async def addresses_of(session: AsyncSession, cluster: Cluster) -> list[tuple[PublicIp, AddressUse]]:
    """The project's addresses that the cluster or something in it has or wants, each with its use; by name."""
    asked = select(PublicIp).where(
        PublicIp.project_id == cluster.project_id,
        PublicIp.subscription_id == cluster.subscription_id,
        PublicIp.deleted_at.is_(None),
    )
    rows = (await session.scalars(asked.order_by(PublicIp.name, PublicIp.id).limit(_MOST_ADDRESSES))).all()
    uses = await uses_of_rows(session, cluster.project_id, rows)
    return [(row, uses[row.id]) for row in rows if uses[row.id].cluster_id == cluster.id]


async def holder_of(session: AsyncSession, row: PublicIp) -> AddressUse | None:
    """Who has an address, as far as rows are sure of it: exposures and clusters that ask for it, Services of others.

    What Azure was last seen to have of an exposure or a cluster that has let the address go is no use of it any more:
    an address moves in two steps (trouble 55), let go there and taken here, and the jobs look in Azure themselves.
    """
    wanted = await _wanted_by_exposures(session, [row.id])
    wanted |= await _wanted_by_clusters(session, row.project_id, {azure_id_of(row).lower(): row})
    if row.id in wanted:
        return wanted[row.id]
    use = (await uses_of_rows(session, row.project_id, [row]))[row.id]
    asked = select(Exposure.managed).where(Exposure.id == use.exposure_id)
    return use if use.exposure_id and (await session.scalars(asked)).one_or_none() is False else None


def in_use(row: PublicIp, use: AddressUse, *, pointer: str | None = None) -> PublicIpInUseError:
    """The refusal that names the holder."""
    detail = f"The address {row.name} ({row.address}) belongs to {in_words(use)}."
    return PublicIpInUseError(detail, errors=[FieldError(PublicIpInUseError.code, pointer, detail)] if pointer else [])


async def find_for_outbound(
    session: AsyncSession, scope: Scope, taker: Taker, references: Sequence[str], pointer: str
) -> FoundAddresses:
    """The project's addresses for a cluster's outbound traffic, by id or name, locked until the commit.

    `pointer`: where they stand in the request. Raises PublicIpInUseError for one that something else has; what else is
    wrong is in the answer.
    """
    rows: list[PublicIp] = []
    errors: list[FieldError] = []
    for index, reference in enumerate(references):
        at = f"{pointer}/{index}"
        by = (
            PublicIp.id == reference
            if is_id(reference, Prefix.PUBLIC_IP)
            else func.lower(PublicIp.name) == reference.lower()
        )
        asked = in_project(select(PublicIp).where(by, PublicIp.deleted_at.is_(None)), PublicIp, scope)
        row = (await session.scalars(asked.with_for_update())).one_or_none()
        if row is None:
            errors.append(FieldError("unknown_public_ip", at, "The project has no such address: GET /v1/public-ips."))
            continue
        errors += _unfit(row, taker, at)
        rows.append(row)
    for index, row in enumerate(rows):
        use = await holder_of(session, row)
        if use is not None and not (use.kind == "outbound" and use.cluster_id == taker.cluster_id):
            raise in_use(row, use, pointer=f"{pointer}/{index}")
    return FoundAddresses(tuple(azure_id_of(row) for row in rows), errors)


def _unfit(row: PublicIp, taker: Taker, at: str) -> list[FieldError]:
    found: list[FieldError] = []
    seen = row.observed or row.wanted
    if row.state != PublicIpState.READY:
        found.append(FieldError("public_ip_not_ready", at, f"The address is {row.state}."))
    if row.subscription_id.lower() != taker.subscription_id.lower():
        found.append(FieldError("other_subscription", at, "The address lies in another subscription than the cluster."))
    if row.location.lower() != taker.location.lower():
        detail = f"The address is in {row.location}, the cluster in {taker.location}."
        found.append(FieldError("other_location", at, detail))
    if seen.get("sku") != "Standard":
        detail = "The cluster's load balancer is of SKU Standard, and takes no address of another SKU."
        found.append(FieldError("public_ip_sku", at, detail))
    if seen.get("version") != "IPv4":
        found.append(FieldError("public_ip_version", at, "Outbound traffic of this cluster is IPv4."))
    return found
