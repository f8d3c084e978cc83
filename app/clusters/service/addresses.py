"""Own public addresses that clusters take for their outbound traffic. The slice that keeps them registers its look."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope
from app.core.errors import ConflictError, FieldError
from app.models import Cluster


class PublicIpInUseError(ConflictError):
    """Something has the address."""

    code = "public_ip_in_use"
    title = "The address is in use"
    remedy = "Take it from there first: remove the exposure or give it another address, or change the outbound."


@dataclass(frozen=True, slots=True)
class Taker:
    """The cluster for which addresses are named; it may be one that is about to be written."""

    cluster_id: str
    subscription_id: str
    location: str

    @classmethod
    def of(cls, cluster: Cluster) -> "Taker":
        """One that has a row."""
        return cls(cluster.id, cluster.subscription_id, cluster.location)


@dataclass(frozen=True, slots=True)
class FoundAddresses:
    """Own addresses for a cluster's outbound traffic: their ids in Azure, and what is wrong with those named."""

    azure_ids: tuple[str, ...] = ()
    errors: list[FieldError] = field(default_factory=list)


Finder: TypeAlias = Callable[[AsyncSession, Scope, Taker, Sequence[str], str], Awaitable[FoundAddresses]]
"""Finds addresses by id or name, locked until the commit; the last is the pointer of the list in the request.

Raises PublicIpInUseError for one that something else has.
"""
_finders: list[Finder] = []


def register_finder(finder: Finder) -> None:
    """Have this slice find the addresses that a create names; registering twice changes nothing."""
    if finder not in _finders:
        _finders.append(finder)


async def find_addresses(
    session: AsyncSession, scope: Scope, taker: Taker, references: Sequence[str], at: str
) -> FoundAddresses:
    """The addresses that a create names; see `Finder`."""
    found = FoundAddresses()
    for finder in _finders if references else ():
        one = await finder(session, scope, taker, references, at)
        found = FoundAddresses((*found.azure_ids, *one.azure_ids), [*found.errors, *one.errors])
    return found
