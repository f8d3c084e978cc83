"""What the mount doctor needs to know of a volume: rows only."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope
from app.clusters.service.start import NotReadyError, require_serving
from app.core.errors import ConflictError
from app.models import Cluster, Share, StorageAccount
from app.storage.service.volumes import find_volume
from app.storage.specs.volume_asked import Asked, asked


class ShareWithoutAccountError(ConflictError):
    """The volume's share has no account: nothing can be looked at yet."""

    code = "share_not_ready"
    remedy = "Look at the share: GET /v1/shares/{id}."


@dataclass(frozen=True, slots=True)
class Patient:
    """A volume to look at, and the name of the key that its Secret shall hold."""

    asked: Asked
    active_key: str


async def patient_of(session: AsyncSession, scope: Scope, cluster_name: str, volume_id: str) -> Patient:
    """The volume with its share, account and cluster. Raises NotFoundError, NotReadyError, ShareWithoutAccountError."""
    volume = await find_volume(session, scope, cluster_name, volume_id)
    share = await session.get_one(Share, volume.share_id)
    account = await session.get(StorageAccount, share.account_id) if share.account_id else None
    if account is None:
        raise ShareWithoutAccountError(f"The share {share.name} has no account: it is {share.state}.")
    cluster = await session.get_one(Cluster, volume.cluster_id)
    require_serving(cluster)
    if cluster.observed is None:
        raise NotReadyError(f"The cluster is {cluster.state}.", remedy="Wait until it is ready.")
    return Patient(asked(volume, share, account, cluster), account.active_key)
