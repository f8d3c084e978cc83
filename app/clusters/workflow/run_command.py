"""`cluster.run_command`: AKS runs a command in a pod of the cluster.

It is sent once at most: AKS has no list of what it was asked for, so nobody can see whether it has a command whose
sending was not answered. What it printed stays with AKS; Slipway keeps its exit code, and where to ask.
"""

from dataclasses import dataclass

from app.clusters.specs.asked import may_have_been_taken
from app.clusters.specs.kinds import RUN_COMMAND
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow import await_azure, plan
from app.core.errors import ConflictError
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call


async def run_command(job: JobRun) -> None:
    """Send the command, and wait for its end."""
    asked = await job.record(begin_command)
    sent = await job.cloud(send_command, asked)
    exit_code = await job.cloud(await_command, asked, sent)
    await job.record(record_command, sent, exit_code)


class CommandUncertainError(ConflictError):
    """Whether the command was sent is not known."""

    code = "command_uncertain"
    title = "It is not known whether the command ran"
    remedy = "Look in the cluster what it has done; send it again where that does no harm."


@dataclass(frozen=True, slots=True)
class CommandPlan:
    """Where the cluster is. `epoch`: of the job; read by the version before, which went by it."""

    place: Place
    epoch: int


@record_step
async def begin_command(record: Record) -> CommandPlan:
    """Where the cluster is. Its state stays: to Azure this is no change of it."""
    return CommandPlan(place_of(await plan.cluster_of(record)), record.view.epoch)


@cloud_step
async def send_command(cloud: Cloud, asked: CommandPlan) -> str:
    """Send the command, unless Azure may have it; the id under which Azure keeps its result."""
    if may_have_been_taken(cloud.context.noted()):
        raise CommandUncertainError("It was sent, and no good answer came back: Azure may have run it.")
    place = asked.place
    await await_azure.require_ours(cloud, place)
    commands = cloud.gateways.azure.subscription(place.subscription_id).run_commands
    return await commands.begin(
        place.resource_group, place.azure_name, cloud.job.request["command"], call=azure_call(cloud)
    )


@cloud_step
async def await_command(cloud: Cloud, asked: CommandPlan, command_id: str) -> int:
    """Wait until it has ended; what it printed is not taken along."""
    place = asked.place
    commands = cloud.gateways.azure.subscription(place.subscription_id).run_commands
    ended = await cloud.context.wait(
        commands.end(place.resource_group, place.azure_name, command_id, call=azure_call(cloud))
    )
    return ended.exit_code


@record_step
async def record_command(record: Record, command_id: str, exit_code: int) -> None:
    """Write how it ended."""
    outcome = {"exit_code": exit_code, "command_id": command_id}
    await record.emit("cluster.command_run", data={"exit_code": exit_code})
    await record.succeed(
        outcome=outcome,
        summary=f"The command in cluster {record.view.target_name} has ended with exit code {exit_code}; what it "
        f"printed: GET /v1/clusters/{record.view.target_id}/commands/{record.view.id}.",
    )


run_command_workflow = Workflow(RUN_COMMAND, run_command)
