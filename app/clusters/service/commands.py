"""Run commands in clusters, and find their results."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, get_cluster, in_project
from app.clusters.service.start import Asker, require_serving
from app.clusters.specs import kinds
from app.clusters.specs.wanted import Place, place_of
from app.core.errors import ConflictError, NotFoundError
from app.core.json import JsonObject
from app.jobs import service as jobs
from app.models import Cluster, Job


class CommandsOffError(ConflictError):
    """The cluster takes no commands."""

    code = "run_command_off"
    remedy = "Allow them: PATCH /v1/clusters/{id} with `api_server.run_command: true`; or ask the cluster itself."


class CommandRunningError(ConflictError):
    """The command has not ended, or was not run."""

    code = "command_not_ended"
    remedy = "Look at its job."


async def run_command(session: AsyncSession, asker: Asker, cluster: Cluster, command: str, options: JsonObject) -> Job:
    """Start the job that runs it; beside what Azure does with the cluster. Raises CommandsOffError, NotReadyError."""
    require_serving(cluster)
    if (cluster.wanted.get("settings", {}).get("api_server") or {}).get("run_command") is False:
        raise CommandsOffError("Commands are switched off for this cluster.")
    target = jobs.Target(cluster.id, cluster.name, f"command:{cluster.id}")
    return await asker.start(session, kinds.RUN_COMMAND, target, options=options, request={"command": command})


async def find_command(session: AsyncSession, scope: Scope, cluster_name: str, job_id: str) -> tuple[Place, str]:
    """Where a command ran, and Azure's id of its result. Raises NotFoundError, CommandRunningError."""
    cluster = await get_cluster(session, scope, cluster_name)
    asked = select(Job).where(Job.id == job_id, Job.target_id == cluster.id, Job.kind == kinds.RUN_COMMAND.name)
    job = (await session.scalars(in_project(asked, Job, scope))).one_or_none()
    if job is None:
        raise NotFoundError("There is no such command.", remedy="It is named by the id of its job.")
    command_id = (job.outcome or {}).get("command_id")
    if command_id is None:
        raise CommandRunningError(f"The job of the command is {job.state}.")
    return place_of(cluster), str(command_id)
