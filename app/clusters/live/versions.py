"""Azure's list of versions, read while a request waits that names one."""

from app.api.calls import Asking
from app.auth.scope import get_cluster
from app.catalog.live import ensure_catalogue
from app.clusters.service.versions import running_version


async def know_versions(caller: Asking, cluster: str, version: str | None) -> None:
    """Without Azure's list at hand, no wrong version could be told from a right one; the one that runs is right."""
    if version is None:
        return
    async with caller.services.database.read() as session:
        found = await get_cluster(session, caller.scope, cluster)
    running = running_version(found)
    if version == running:
        return
    await ensure_catalogue(
        caller.services,
        subscription_id=found.subscription_id,
        location=found.location,
        kubernetes_version=running,
    )
