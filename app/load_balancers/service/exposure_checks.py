"""What rows have against an exposure: names, ports and addresses that others hold."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, in_project
from app.core.errors import FieldError
from app.core.ids import Prefix, is_id
from app.load_balancers.schemas.exposures import ExposureCreate
from app.load_balancers.service.public_ip_use import holder_of
from app.load_balancers.specs.address_use import in_words
from app.models import Cluster, Exposure, PublicIp, PublicIpState

_MOST_SHARERS = 300
_USABLE = frozenset({PublicIpState.READY, PublicIpState.CREATING})


@dataclass(frozen=True, slots=True)
class Found:
    """What a request refers to, and what rows have against it."""

    errors: tuple[FieldError, ...] = ()
    share_with: str | None = None
    public_ip: PublicIp | None = None


async def look_around(
    session: AsyncSession, scope: Scope, cluster: Cluster, body: ExposureCreate, *, itself: str = ""
) -> Found:
    """Find what the body names among the project's rows. `itself`: the exposure that is changed, by id."""
    look = _Look(session, scope, cluster, body, itself)
    share_with = await look.shared()
    public_ip = await look.public_ip()
    await look.dns_label()
    return Found(tuple(look.errors), share_with, public_ip)


def root_of(exposure: Exposure) -> str:
    """The exposure whose address it is, by id: itself, or the one whose address it shares."""
    wanted = exposure.wanted or {}
    return str(wanted.get("share_address_with") or exposure.id)


async def sharers_of(session: AsyncSession, exposure_id: str) -> Sequence[Exposure]:
    """The living exposures that share the address of this one."""
    shares = Exposure.wanted["share_address_with"].as_string() == exposure_id
    asked = select(Exposure).where(shares, Exposure.deleted_at.is_(None)).order_by(Exposure.id).limit(_MOST_SHARERS)
    return (await session.scalars(asked)).all()


@dataclass(slots=True)
class _Look:
    """One request's look at the rows."""

    session: AsyncSession
    scope: Scope
    cluster: Cluster
    body: ExposureCreate
    itself: str
    errors: list[FieldError] = field(default_factory=list)

    def note(self, code: str, pointer: str, detail: str) -> None:
        self.errors.append(FieldError(code, pointer, detail))

    async def shared(self) -> str | None:
        """The id of the exposure that brought the address which is shared; it may be gone, and the address is not."""
        at = "/share_address_with"
        reference = self.body.share_address_with
        if reference is None:
            self._ports_free(await sharers_of(self.session, self.itself) if self.itself else ())
            return None
        root_id = await self._root_id(reference)
        if root_id is None:
            self.note("unknown_exposure", at, "The cluster has no other exposure of this id or name.")
            return None
        root = await self.session.get(Exposure, root_id)
        others = [*([root] if root and root.deleted_at is None else []), *await sharers_of(self.session, root_id)]
        others = [each for each in others if each.id != self.itself]
        if any(bool((each.wanted or each.observed or {}).get("internal")) is not self.body.internal for each in others):
            self.note("shared_address_differs", at, "One of the two is internal, and the other one is public.")
        self._ports_free(others)
        return root_id

    async def _root_id(self, reference: str) -> str | None:
        itself = await self.session.get(Exposure, self.itself) if self.itself else None
        if itself is not None and root_of(itself) == reference:
            return reference
        asked = select(Exposure).where(Exposure.cluster_id == self.cluster.id, Exposure.deleted_at.is_(None))
        if is_id(reference, Prefix.EXPOSURE):
            asked = asked.where(Exposure.id == reference)
        else:
            namespace, slash, name = reference.partition("/")
            asked = asked.where(Exposure.namespace == (namespace if slash else self.body.namespace))
            asked = asked.where(Exposure.name == (name if slash else namespace))
        found = (await self.session.scalars(asked.where(Exposure.id != self.itself))).one_or_none()
        return None if found is None else root_of(found)

    def _ports_free(self, others: Sequence[Exposure]) -> None:
        holders = {
            (port["port"], port.get("protocol", "TCP")): exposure
            for exposure in others
            for port in (exposure.wanted or exposure.observed or {}).get("ports", [])
        }
        for index, port in enumerate(self.body.ports):
            holder = holders.get((port.port, port.protocol.value))
            if holder is not None:
                detail = f"At the shared address {_name(holder)} has this port."
                self.note("port_taken", f"/ports/{index}/port", detail)

    async def public_ip(self) -> PublicIp | None:
        """The project's address that the body names, locked until the commit."""
        choice, at = self.body.public_ip, "/public_ip/id"
        if choice is None or choice.id is None:
            return None
        named = PublicIp.id == choice.id if is_id(choice.id, Prefix.PUBLIC_IP) else PublicIp.name == choice.id
        asked = in_project(select(PublicIp).where(named, PublicIp.deleted_at.is_(None)), PublicIp, self.scope)
        found = (await self.session.scalars(asked.with_for_update())).one_or_none()
        if found is None:
            self.note("unknown_public_ip", at, "The project has no such address: GET /v1/public-ips.")
            return None
        if found.state not in _USABLE:
            self.note("public_ip_not_ready", at, f"The address is {found.state}.")
        if found.subscription_id.lower() != self.cluster.subscription_id.lower():
            self.note("other_subscription", at, "The address lies in another subscription than the cluster.")
        if found.location.lower() != self.cluster.location.lower():
            detail = f"The address is in {found.location}, the cluster in {self.cluster.location}."
            self.note("other_location", at, detail)
        holder = await self._first(Exposure.wanted["public_ip"]["id"].as_string() == found.id)
        if holder is not None:
            way = "Take it from there first, or share that one's address: `share_address_with`."
            self.note("public_ip_in_use", at, f"{_name(holder)} has it. {way}")
        other = await holder_of(self.session, found) if holder is None else None
        if other is not None and not (self.itself and other.exposure_id == self.itself):
            self.note("public_ip_in_use", at, f"It belongs to {in_words(other)}. Take it from there first.")
        return found

    async def dns_label(self) -> None:
        """Trouble 62: the holder is named. A label is one of its location; of other projects nothing is told here."""
        label = self.body.dns_label
        if label is None:
            return
        wanted, seen = Exposure.wanted["dns_label"].as_string(), Exposure.observed["dns_label"].as_string()
        here = Exposure.cluster_id.in_(
            in_project(select(Cluster.id), Cluster, self.scope).where(
                func.lower(Cluster.location) == self.cluster.location.lower()
            )
        )
        holder = await self._first(here & or_(wanted == label, seen == label))
        if holder is not None:
            self.note("dns_label_taken", "/dns_label", f"In {self.cluster.location} {_name(holder)} has this label.")

    async def _first(self, condition: ColumnElement[bool]) -> Exposure | None:
        others: Select[Exposure] = in_project(select(Exposure), Exposure, self.scope)
        others = others.where(condition, Exposure.deleted_at.is_(None), Exposure.id != self.itself)
        return (await self.session.scalars(others.order_by(Exposure.id).limit(1))).first()


def _name(exposure: Exposure) -> str:
    return f"the exposure {exposure.namespace}/{exposure.name} ({exposure.id})"
