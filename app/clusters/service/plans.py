"""Previews of acts, and acts that are bound to one."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.service.start import Asker
from app.clusters.specs.plans import LIFE, differences
from app.core.errors import ConflictError, NotFoundError
from app.core.ids import Prefix, new_id
from app.core.json import JsonObject
from app.engine.kinds import JobKind
from app.models import Cluster, Plan


class PlanStaleError(ConflictError):
    """The world is not as it was when the plan was made, or the plan is of another request; `errors` say where."""

    code = "plan_stale"
    title = "The plan is out of date"
    remedy = "Ask for a new plan with `?plan=true`, read it, and name that one."


async def keep(
    session: AsyncSession, asker: Asker, cluster: Cluster, *, act: JobKind, request: JsonObject, world: JsonObject
) -> Plan:
    """Keep a preview for half an hour. `world`: all that it depends on, in JSON that says the same when it is the same.

    Its values are shown to whoever comes with a plan that is out of date: no secret may be among them.
    """
    plan = Plan(
        id=new_id(Prefix.PLAN),
        project_id=cluster.project_id,
        target_id=cluster.id,
        act=act.name,
        request=request,
        world=world,
        made_by=asker.name,
        made_at=asker.now,
        expires_at=asker.now + LIFE,
    )
    session.add(plan)
    await session.flush()
    return plan


async def require_unchanged(
    session: AsyncSession,
    plan_id: str,
    cluster: Cluster,
    *,
    act: JobKind,
    request: JsonObject,
    world: JsonObject,
    now: datetime,
) -> None:
    """Pass when the plan is of this act on this cluster, and the world is as it was then.

    Raises PlanStaleError with the differences, and NotFoundError for a plan that is not known, too old, or of another
    act or cluster.
    """
    plan = await session.get(Plan, plan_id)
    if plan is None or (plan.target_id, plan.act) != (cluster.id, act.name) or plan.expires_at <= now:
        raise NotFoundError(
            "There is no such plan of this act; a plan lives for 30 minutes.",
            remedy="Ask for a new plan with `?plan=true`.",
        )
    other = differences(plan.request, request)
    if other:
        raise PlanStaleError("The plan is of another request.", errors=other)
    changed = differences(plan.world, world)
    if changed:
        raise PlanStaleError(f"{len(changed)} things have changed since the plan was made.", errors=changed)
