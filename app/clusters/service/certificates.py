"""Have a cluster's certificates rotated."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.start import Asker, require_changeable, start
from app.clusters.specs import kinds
from app.core.json import JsonObject
from app.models import Cluster, Credential, Job


async def rotate_certificates(session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject) -> Job:
    """Start the job that rotates them. Raises NotReadyError, ClusterStoppedError."""
    require_changeable(cluster)
    return await start(session, asker, kinds.ROTATE_CERTIFICATES, cluster, options=options)


async def void_credentials(session: AsyncSession, cluster: Cluster, *, now: datetime) -> int:
    """How many credentials that were given for the cluster a rotation at this time has made void."""
    unexpired = or_(Credential.expires_at.is_(None), Credential.expires_at > now)
    given = select(func.count()).where(Credential.cluster_id == cluster.id, Credential.issued_at <= now, unexpired)
    return await session.scalar(given) or 0
