"""What a provider brings along: routes, transitions of its operations, removers of its resources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.emulator.core.acts import Act

if TYPE_CHECKING:
    from app.emulator.core.cloud import Cloud
    from app.emulator.core.errors import AzureError
    from app.emulator.core.exchange import Answer, Call
    from app.emulator.core.operations import Operation
    from app.emulator.core.store import Resource

Handler = Callable[["Cloud", "Call"], Awaitable["Answer"]]
Effect = Callable[["Cloud", "Operation"], Awaitable[None]]
Reached = Callable[["Cloud", "Operation", str], Awaitable[None]]
Guard = Callable[["Cloud", "Resource", Callable[[str], bool]], None]
Remover = Callable[["Cloud", "Resource"], Awaitable[None]]
Hook = Callable[["Cloud"], Awaitable[None]]


@dataclass(frozen=True)
class DataPlane:
    """A service beside Resource Manager: tokens of its own, no `api-version`, errors in its own form."""

    audiences: Sequence[str]
    refuse: Callable[[AzureError], AzureError]
    """How it says a refusal of Resource Manager's."""


@dataclass(frozen=True)
class Route:
    """One operation of a provider."""

    method: str
    template: str
    operation: str
    """The SDK's name: `ManagedClusters_CreateOrUpdate`."""
    handler: Handler
    namespace: str
    seconds: float = 0.1
    """How long real Azure takes for this one call, before the speed."""
    data_plane: DataPlane | None = None
    """None: it is Resource Manager's."""


@dataclass(frozen=True)
class Transition:
    """What the phases and the end of one kind of operation do. Each may run twice, and must bear it."""

    succeed: Effect
    fail: Effect
    cancel: Effect
    reach: Reached | None = None


@dataclass(frozen=True)
class ResourceType:
    """One entry of a provider's `resourceTypes`."""

    name: str
    api_versions: Sequence[str]
    regional: bool = True


@dataclass(frozen=True)
class Provider:
    """One resource provider."""

    namespace: str
    resource_types: Sequence[ResourceType] = ()
    registered_from_start: bool = True
    routes: Sequence[Route] = ()
    transitions: Mapping[str, Transition] = field(default_factory=dict)
    removers: Mapping[str, Remover] = field(default_factory=dict)
    """By resource type: what the removal of its resource group does, where more than forgetting."""
    guards: Mapping[str, Guard] = field(default_factory=dict)
    """By resource type: raises `AzureError` while something uses the resource whose id is not among those that leave
    with it, as the predicate tells."""
    acts: Mapping[str, Act] = field(default_factory=dict)
    """By name: what `POST /_local/acts/{name}` lets happen."""
    resume: Hook | None = None
    """Called once when the state was loaded."""
    close: Hook | None = None
    """Called once when the local Azure stops, before the last save."""
