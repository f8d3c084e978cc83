"""Machines, their disks and identities, as Azure has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeResource:
    """What every resource of its own has. `provisioning_state`: Succeeded, Updating, Deleting, Failed, or new words."""

    id: str
    name: str
    resource_group: str
    location: str
    tags: Mapping[str, str] = field(default_factory=dict)
    provisioning_state: str = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSet(ComputeResource):
    """The machines of a node pool, alike. `capacity`: how many there shall be."""

    zones: tuple[str, ...] = ()
    vm_size: str | None = None
    capacity: int = 0
    os_type: str | None = None
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    backend_pool_ids: tuple[str, ...] = ()
    identity_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine(ComputeResource):
    """A virtual machine: one of a scale set (then with `instance_id`), of an availability set, or alone.

    `power_state`: running, deallocated, stopped, ..., None where Azure was not asked for it.
    """

    zones: tuple[str, ...] = ()
    instance_id: str | None = None
    computer_name: str | None = None
    scale_set_id: str | None = None
    availability_set_id: str | None = None
    vm_size: str | None = None
    power_state: str | None = None
    interface_ids: tuple[str, ...] = ()
    disk_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilitySet(ComputeResource):
    """Machines that do not fail together: the older kind of a node pool."""

    machine_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk(ComputeResource):
    """A managed disk. `state`: Attached, Unattached, Reserved, ... `machine_id`: what it is attached to."""

    zones: tuple[str, ...] = ()
    size_gib: int | None = None
    sku: str | None = None
    state: str | None = None
    machine_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(ComputeResource):
    """A user-assigned identity."""


@dataclass(frozen=True, slots=True)
class SizeCores:
    """How many cores a machine of a size has, and for which quota they count ("standardDSv5Family").

    `restricted`: not for this subscription in the location. `zones`: those of the location in which the subscription
    may have it.
    """

    family: str
    cores: int
    memory_gib: float = 0
    zones: tuple[str, ...] = ()
    restricted: bool = False
