"""Resource providers: what was last seen of them, and the job that registers one."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope
from app.core.json import JsonObject
from app.db.insert import insert_into
from app.engine.queue import JobQueue
from app.jobs import service as jobs
from app.models import Job, Provider
from app.subscriptions.specs import REGISTER_PROVIDER, spelled


async def get(session: AsyncSession, *, subscription_id: str, namespace: str) -> Provider | None:
    """The provider as it was last seen; None when it never was."""
    return await session.get(Provider, (subscription_id.lower(), namespace.lower()))


async def record(session: AsyncSession, *, subscription_id: str, namespace: str, state: str, now: datetime) -> Provider:
    """Keep what Azure said of a provider. `namespace` is Azure's spelling."""
    provider = Provider(
        subscription_id=subscription_id.lower(),
        key=namespace.lower(),
        namespace=namespace,
        registration_state=state,
        observed_at=now,
    )
    fresh = {"namespace": namespace, "registration_state": state, "observed_at": now}
    statement = insert_into(session, Provider)
    statement = statement.values(subscription_id=provider.subscription_id, key=provider.key, **fresh)
    # Two processes may look at the same provider at once.
    await session.execute(statement.on_conflict_do_update(index_elements=["subscription_id", "key"], set_=fresh))
    return provider


async def register(
    session: AsyncSession,
    scope: Scope,
    namespace: str,
    *,
    queue: JobQueue,
    subscription_id: str,
    options: JsonObject,
    now: datetime,
) -> Job:
    """Start the job that registers a provider; for one that is registered it ends at once."""
    key = namespace.lower()
    return await jobs.start_job(
        session,
        queue,
        kind=REGISTER_PROVIDER,
        target=jobs.Target(key, spelled(namespace), f"provider:{subscription_id.lower()}:{key}"),
        project_id=scope.project.id,
        requested_by=scope.principal.id,
        now=now,
        request={"subscription_id": subscription_id, "namespace": spelled(namespace)},
        options=options,
    )
