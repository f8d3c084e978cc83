"""Switch a cluster's monitoring add-on on or off: a change of what is wanted of the cluster."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.start import Asker, require_changeable, start, want
from app.clusters.specs import kinds
from app.clusters.specs.wanted import WantedMonitoring, monitoring_json
from app.core.json import JsonObject
from app.models import Cluster, Job


async def switch_on(
    session: AsyncSession,
    asker: Asker,
    cluster: Cluster,
    addon: WantedMonitoring,
    *,
    request: JsonObject,
    options: JsonObject,
) -> Job:
    """Write the add-on into what is wanted, and start the job that sends it. Raises NotReadyError."""
    require_changeable(cluster)
    want(cluster, {"monitoring": monitoring_json(addon)}, asker.now)
    return await start(session, asker, kinds.MONITOR, cluster, request=request, options=options)


async def switch_off(session: AsyncSession, asker: Asker, cluster: Cluster, *, options: JsonObject) -> Job:
    """Take the add-on out of what is wanted, and start the job that sends it. Raises NotReadyError."""
    require_changeable(cluster)
    want(cluster, {"monitoring": None}, asker.now)
    return await start(session, asker, kinds.UNMONITOR, cluster, options=options)
