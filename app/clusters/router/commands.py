"""HTTP: commands that AKS runs in clusters."""

from typing import Annotated

from fastapi import Path, Response

from app.api.calls import AdminAsks, AdminWrites
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.clusters.live.commands import read_output
from app.clusters.router.clusters import accepted
from app.clusters.schemas.clusters import ClusterAccepted
from app.clusters.schemas.power import ClusterCommand, CommandOutput
from app.clusters.service import commands
from app.clusters.service.commands import CommandRunningError, CommandsOffError
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of, lock_cluster
from app.jobs.service import BusyError

router = api_router(prefix="/v1/clusters", tags=["clusters"])
CommandPath = Annotated[
    str, Path(description="The id of the job that ran it.", max_length=128, examples=["job_01k8w3v5f3m3cd5sqm0nzv7e2x"])
]


@router.post(
    "/{cluster:name}:run-command",
    status_code=202,
    summary="Run a command in a cluster",
    responses=errors(ClusterStoppedError, NotReadyError, BusyError, CommandsOffError),
)
async def run_command(
    cluster: ClusterPath, body: ClusterCommand, call: AdminWrites, response: Response
) -> ClusterAccepted:
    """AKS runs it in a pod with an administrator's rights, once at most; the job tells its exit code."""
    found = await lock_cluster(call.session, call.scope, cluster)
    options = body.options.model_dump(mode="json")
    job = await commands.run_command(call.session, asker_of(call), found, body.command, options)
    return await accepted(call, response, job, found)


@router.get(
    "/{cluster:name}/commands/{command:name}",
    summary="Read what a command printed",
    responses=errors(CommandRunningError),
)
async def get_command_output(cluster: ClusterPath, command: CommandPath, call: AdminAsks) -> CommandOutput:
    """Azure is asked for it, which keeps it for a while; Slipway does not keep it."""
    return await read_output(call, cluster, command)
