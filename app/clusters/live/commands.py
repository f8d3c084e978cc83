"""What commands in clusters have printed, asked for while a request waits."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, cast

from app.api.calls import Asking
from app.api.services import Services
from app.azure.errors import AzureError
from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.clusters.schemas.power import CommandOutput
from app.clusters.service.commands import CommandRunningError, find_command
from app.core.clock import Clock
from app.core.errors import NotFoundError
from app.core.settings import AzureSettings


@dataclass(slots=True)
class CommandSource:
    """Reads what commands in clusters have printed, which Azure keeps."""

    azure: AzureGateway
    clock: Clock
    settings: AzureSettings


class _Composed(Services, Protocol):
    @property
    def command_source(self) -> CommandSource: ...


async def read_output(call: Asking, cluster: str, job_id: str) -> CommandOutput:
    """How a command ended, as Azure has it. Raises NotFoundError, CommandRunningError, and what Azure says."""
    async with call.database.read() as session:
        place, command_id = await find_command(session, call.scope, cluster, job_id)
    source = cast("_Composed", call.services).command_source
    commands = source.azure.subscription(place.subscription_id).run_commands
    azure_call = Call(deadline=source.clock.now() + timedelta(seconds=source.settings.request_timeout_seconds))
    try:
        found = await commands.result(place.resource_group, place.azure_name, command_id, call=azure_call)
    except AzureError as error:
        if error.gone:
            raise NotFoundError("Azure keeps the output of this command no more.") from error
        raise
    if found is None:
        raise CommandRunningError("The command has not ended.")
    return CommandOutput(exit_code=found.exit_code, logs=found.logs)
