"""A public address as it shall be, and what Azure answers to that."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.azure.types.network import PublicIpAddress
from app.azure.types.operation import Operation


@dataclass(frozen=True, slots=True)
class PublicIpSpec:
    """A static public address as it shall be; `prefix_id`: taken out of a prefix. No zones: Azure chooses."""

    location: str
    tags: Mapping[str, str]
    version: str = "IPv4"
    sku: str = "Standard"
    zones: tuple[str, ...] = ()
    dns_label: str | None = None
    idle_timeout_minutes: int = 4
    prefix_id: str | None = None


@dataclass(frozen=True, slots=True)
class PublicIpPutAnswer:
    """What Azure answered to a PUT: the address as it is, and the operation that makes it so."""

    public_ip: PublicIpAddress
    operation: Operation
    created: bool
