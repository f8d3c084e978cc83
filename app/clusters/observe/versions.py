"""Know which versions AKS supports where clusters are: whether theirs still is follows from it."""

import structlog
from sqlalchemy import select

from app.catalog import service as catalog
from app.catalog.live import CatalogSource
from app.catalog.service import CatalogKind
from app.core.errors import SlipwayError
from app.db.engine import Database
from app.models import Cluster

_MOST_PLACES = 500
_log = structlog.get_logger(__name__)


async def observe_versions(database: Database, source: CatalogSource) -> None:
    """Read the versions of each location that has clusters, where what is known of them is too old, or nothing is."""
    async with database.read() as session:
        places = select(Cluster.subscription_id, Cluster.location).where(Cluster.deleted_at.is_(None)).distinct()
        found = (await session.execute(places.order_by(*places.selected_columns).limit(_MOST_PLACES))).all()
        keys = [catalog.location_key(place[0], CatalogKind.KUBERNETES_VERSIONS, place[1]) for place in found]
        known = {key: await catalog.get(session, key) for key in keys}
    for key, listing in known.items():
        if listing is not None and not source.is_old(listing):
            continue
        try:
            await source.refresh(key, listing)
        except SlipwayError as error:
            _log.warning("versions_unread", location=key.location, code=error.problem.code)
