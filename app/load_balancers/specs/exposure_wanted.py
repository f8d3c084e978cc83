"""What an exposure's row wants, and how the column keeps it: under the names of the request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from pydantic import TypeAdapter

from app.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class WantedProbe:
    """How one port is probed; every value is written out in Azure."""

    protocol: str = "tcp"
    path: str | None = None
    port: int | None = None
    interval_seconds: int = 5
    threshold: int = 2


@dataclass(frozen=True, slots=True)
class WantedPort:
    """A port at the address."""

    port: int
    name: str | None = None
    target_port: int | str | None = None
    protocol: str = "TCP"
    probe: WantedProbe | None = None

    @property
    def key(self) -> tuple[int, str]:
        """What can be there once at one address."""
        return self.port, self.protocol


@dataclass(frozen=True, slots=True)
class WantedPublicIp:
    """`id`: an address of the project's; `make`: one that is reserved for this exposure, and `keep`: stays after it."""

    id: str | None = None
    make: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True)
class WantedExposure:
    """What `exposures.wanted` holds. `share_address_with` is an exposure's id."""

    ports: tuple[WantedPort, ...]
    selector: Mapping[str, str] | None = None
    service: str | None = None
    internal: bool = False
    public_ip: WantedPublicIp | None = None
    dns_label: str | None = None
    allowed_source_ranges: tuple[str, ...] | None = None
    allowed_service_tags: tuple[str, ...] | None = None
    subnet: str | None = None
    private_address: str | None = None
    external_traffic_policy: str = "Cluster"
    session_affinity: str = "None"
    idle_timeout_minutes: int | None = None
    tcp_reset: bool = True
    share_address_with: str | None = None
    ip_families: tuple[str, ...] = field(default=("IPv4",))

    @property
    def local(self) -> bool:
        """Whether only nodes with a ready pod take traffic."""
        return self.external_traffic_policy == "Local"

    def as_json(self) -> JsonObject:
        """The column's form."""
        return cast("JsonObject", _ADAPTER.dump_python(self, mode="json"))

    @classmethod
    def from_json(cls, stored: JsonObject) -> "WantedExposure":
        """What `as_json` wrote."""
        return _ADAPTER.validate_python(stored)


_ADAPTER = TypeAdapter(WantedExposure)
