"""What Azure's offer, as it is known, has against a request: locations, versions, sizes, zones."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.in_part import unless_refused
from app.catalog import service as catalog
from app.clusters.schemas.clusters import LATEST, ClusterCreate
from app.clusters.specs.rejections import Rejections
from app.core.errors import FieldError


@dataclass(frozen=True, slots=True)
class OfferCheck:
    """Checks names against what is known of Azure's offer to a subscription, and notes those that are none."""

    session: AsyncSession
    subscription_id: str
    now: datetime
    rejections: Rejections

    async def location(self, name: str, pointer: str) -> None:
        """Check a location."""
        self._note(
            await catalog.known_location(
                self.session, subscription_id=self.subscription_id, name=name, now=self.now, pointer=pointer
            )
        )

    async def version(self, location: str, name: str) -> None:
        """Check a version of Kubernetes."""
        self._note(
            await catalog.known_version(
                self.session, subscription_id=self.subscription_id, location=location, name=name, now=self.now
            )
        )

    async def size(self, location: str, name: str, pointer: str) -> None:
        """Check a size of machine."""
        self._note(
            await catalog.known_size(
                self.session,
                subscription_id=self.subscription_id,
                location=location,
                name=name,
                now=self.now,
                pointer=pointer,
            )
        )

    async def zones(self, location: str, size: str, zones: Collection[str], pointer: str) -> None:
        """Check zones for machines of a size."""
        self._note(
            await catalog.known_zones(
                self.session,
                subscription_id=self.subscription_id,
                location=location,
                size=size,
                zones=zones,
                now=self.now,
                pointer=pointer,
            )
        )

    def _note(self, error: FieldError | None) -> None:
        if error is not None:
            self.rejections.errors.append(error)


async def check_offered(body: ClusterCreate, check: OfferCheck) -> None:
    """Check all that a new cluster names."""
    with unless_refused():
        await check.location(body.location, "/location")
    with unless_refused():
        for index, fallback in enumerate(body.fallbacks):
            with unless_refused():
                if fallback.location is not None:
                    await check.location(fallback.location, f"/fallbacks/{index}/location")
    with unless_refused():
        if body.kubernetes_version not in {None, LATEST}:
            await check.version(body.location, str(body.kubernetes_version))
    with unless_refused():
        if body.node_size is not None:
            await check.size(body.location, body.node_size, "/node_size")
    with unless_refused():
        for index, pool in enumerate(body.node_pools or ()):
            with unless_refused():
                await check.size(body.location, pool.size, f"/node_pools/{index}/size")
                await check.zones(body.location, pool.size, pool.zones or [], f"/node_pools/{index}/zones")
