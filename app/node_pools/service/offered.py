"""What Azure's offer, as it is known, has against a new node pool."""

from app.api.in_part import unless_refused
from app.clusters.service.offered import OfferCheck
from app.node_pools.schemas import NodePoolAdd


async def check_offered(location: str, body: NodePoolAdd, check: OfferCheck) -> None:
    """Check what it names."""
    with unless_refused():
        await check.size(location, body.size, "/size")
    with unless_refused():
        for index, each in enumerate(body.fallbacks):
            with unless_refused():
                if each.size is not None:
                    await check.size(location, each.size, f"/fallbacks/{index}/size")
    with unless_refused():
        # What is not offered is what fallbacks are for.
        await check.zones(location, body.size, [] if body.fallbacks else body.zones or [], "/zones")
