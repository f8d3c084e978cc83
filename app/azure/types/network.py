"""Azure's network as Slipway sees it. All of it goes to JSON and back with pydantic's TypeAdapter."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PublicIpAddress:
    """A public address. `used_by`: the id of the frontend or IP configuration that has it; None: nothing has.

    `address` is None until Azure has assigned one. `version`: IPv4 or IPv6; `sku`: Standard or Basic; `allocation`:
    Static or Dynamic.
    """

    id: str
    name: str
    resource_group: str
    location: str
    address: str | None = None
    version: str = "IPv4"
    sku: str = "Standard"
    allocation: str = "Static"
    dns_label: str | None = None
    fqdn: str | None = None
    zones: tuple[str, ...] = ()
    prefix_id: str | None = None
    used_by: str | None = None
    idle_timeout_minutes: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    provisioning_state: str = "Unknown"
    etag: str | None = None
