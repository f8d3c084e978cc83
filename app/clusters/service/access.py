"""Change as whom a cluster acts in Azure, and who logs in to it."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.identity import Entra
from app.clusters.service.start import Asker, require_changeable, start, want
from app.clusters.specs import kinds
from app.clusters.specs.settings_patch import resets_after, taken_away
from app.clusters.specs.wanted import Wanted
from app.core.json import JsonObject
from app.models import Cluster, Job


async def reset_aad(session: AsyncSession, asker: Asker, cluster: Cluster, entra: Entra, options: JsonObject) -> Job:
    """Replace the whole of the Entra settings, and start the job that sends what differs. It may have been off."""
    require_changeable(cluster)
    wanted = Wanted.from_json(cluster.wanted)
    access = wanted.settings.get("access") or {}
    settings = {
        **wanted.settings,
        "access": {**access, "entra": entra.model_dump(mode="json", exclude_none=True)},
    }
    resets = resets_after(wanted.resets, taken_away(wanted.settings, settings), settings, wanted.tags)
    want(cluster, {"settings": settings, "resets": resets}, asker.now)
    return await start(session, asker, kinds.RESET_AAD, cluster, options=options)
