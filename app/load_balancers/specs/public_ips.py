"""Pure: what a public address's row wants, what that is in Azure, the rules of a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from pydantic import TypeAdapter

from app.azure.types.network import PublicIpAddress
from app.azure.types.public_ip import PublicIpSpec
from app.azure.types.tags import JOB, PUBLIC_IP, owner_tags
from app.core.errors import FieldError
from app.core.ids import looks_like_id
from app.core.json import JsonObject
from app.load_balancers.schemas.public_ips import IpVersion, PublicIpAdopt, PublicIpCreate
from app.models import PublicIp
from app.subscriptions.specs import reserved_tags

UNUSED_SINCE = "unused_since"
"""In `public_ips.observed`, beside what Azure said: since when nothing has the address."""


@dataclass(frozen=True, slots=True)
class WantedAddress:
    """What `public_ips.wanted` holds."""

    version: str = "IPv4"
    sku: str = "Standard"
    zones: tuple[str, ...] = ()
    dns_label: str | None = None
    idle_timeout_minutes: int = 4
    prefix_id: str | None = None
    tags: Mapping[str, str] | None = None

    def as_json(self) -> JsonObject:
        """The column's form."""
        return cast("JsonObject", _WANTED.dump_python(self, mode="json"))

    @classmethod
    def from_json(cls, stored: JsonObject) -> "WantedAddress":
        """What `as_json` wrote."""
        return _WANTED.validate_python(stored)


_WANTED = TypeAdapter(WantedAddress)
_SEEN = TypeAdapter(PublicIpAddress)


@dataclass(frozen=True, slots=True)
class AddressPlan:
    """Where an address is in Azure, whose it is, what it shall be. Its name is fixed first: a lost answer is found."""

    public_ip_id: str
    project_id: str
    subscription_id: str
    resource_group: str
    name: str
    location: str
    wanted: WantedAddress
    managed: bool


def plan_of(row: PublicIp) -> AddressPlan:
    """What a row's job needs to know."""
    return AddressPlan(
        public_ip_id=row.id,
        project_id=row.project_id,
        subscription_id=row.subscription_id,
        resource_group=row.resource_group,
        name=row.azure_name,
        location=row.location,
        wanted=WantedAddress.from_json(row.wanted),
        managed=row.managed,
    )


def spec_of(plan: AddressPlan, *, job_id: str) -> PublicIpSpec:
    """The address's PUT."""
    wanted = plan.wanted
    owner = {**owner_tags(project_id=plan.project_id), PUBLIC_IP: plan.public_ip_id, JOB: job_id}
    return PublicIpSpec(
        location=plan.location,
        tags={**(wanted.tags or {}), **owner},
        version=wanted.version,
        sku=wanted.sku,
        zones=wanted.zones,
        dns_label=wanted.dns_label,
        idle_timeout_minutes=wanted.idle_timeout_minutes,
        prefix_id=wanted.prefix_id,
    )


def wanted_of(body: PublicIpCreate) -> WantedAddress:
    """What a request asks for."""
    return WantedAddress(
        version=body.version.value,
        sku=body.sku.value,
        zones=tuple(sorted({zone.value for zone in body.zones or ()})),
        dns_label=body.dns_label,
        idle_timeout_minutes=body.idle_timeout_minutes,
        prefix_id=body.prefix_id,
        tags=dict(body.tags),
    )


def azure_id_of(row: PublicIp) -> str:
    """The id in Azure of a row's address."""
    return (
        f"/subscriptions/{row.subscription_id}/resourceGroups/{row.resource_group}"
        f"/providers/Microsoft.Network/publicIPAddresses/{row.azure_name}"
    )


def seen_json(seen: PublicIpAddress) -> JsonObject:
    """What Azure said of an address, as rows keep it."""
    return cast("JsonObject", _SEEN.dump_python(seen, mode="json"))


def unused_since(row: PublicIp) -> datetime | None:
    """Since when nothing has had the address; None where something has, or nobody has looked."""
    since = (row.observed or {}).get(UNUSED_SINCE)
    return None if since is None else datetime.fromisoformat(since)


def broken_rules(body: PublicIpCreate, *, subscription_id: str) -> list[FieldError]:
    """The rules that a request breaks and that its schema cannot say."""
    found = reserved_tags(body.tags)
    if looks_like_id(body.name):
        found.append(_name_like_id())
    if body.zones is not None and len(set(body.zones)) < len(body.zones):
        found.append(FieldError("duplicate_value", "/zones", "Each zone is named once."))
    if body.prefix_id is not None:
        if body.zones is not None:
            detail = "An address of a prefix lies in the prefix's zones: leave `zones` out."
            found.append(FieldError("zones_of_prefix", "/zones", detail))
        found += other_subscription(body.prefix_id, subscription_id, "/prefix_id")
    if body.version is IpVersion.IPV6 and body.idle_timeout_minutes != WantedAddress().idle_timeout_minutes:
        detail = "Azure sets the idle timeout of IPv4 addresses only."
        found.append(FieldError("idle_timeout_of_ipv6", "/idle_timeout_minutes", detail))
    return found


def broken_adoption(body: PublicIpAdopt, *, subscription_id: str) -> list[FieldError]:
    """The rules that an adoption breaks."""
    found = other_subscription(body.azure_id, subscription_id, "/azure_id")
    if body.name is not None and looks_like_id(body.name):
        found.append(_name_like_id())
    return found


def other_subscription(azure_id: str, subscription_id: str, pointer: str) -> list[FieldError]:
    """What is wrong with an id that lies in another subscription than the project's."""
    if azure_id.split("/")[2].lower() == subscription_id.lower():
        return []
    return [FieldError("other_subscription", pointer, "It lies in another subscription than the project's.")]


def _name_like_id() -> FieldError:
    return FieldError("name_looks_like_id", "/name", "A name that begins like an id of Slipway's is not allowed.")


def group_and_name(azure_id: str) -> tuple[str, str]:
    """The resource group and the name in an address's id."""
    parts = azure_id.split("/")
    return parts[4], parts[8]


def not_as_asked(seen: PublicIpAddress, wanted: WantedAddress) -> list[str]:
    """What Azure has not made of what was asked, although it says that it succeeded. Each difference is a sentence."""
    found: list[str] = []
    if seen.address is None:
        found.append("Azure has assigned no address yet.")
    for name, has, asked in (
        ("version", seen.version, wanted.version),
        ("SKU", seen.sku, wanted.sku),
        ("DNS label", seen.dns_label, wanted.dns_label),
    ):
        if (has or "").lower() != (asked or "").lower():
            found.append(f"The address's {name} is {has}, not {asked}.")
    if wanted.zones and set(seen.zones) != set(wanted.zones):
        found.append(f"The address lies in the zones {', '.join(seen.zones)}, not {', '.join(wanted.zones)}.")
    return found
