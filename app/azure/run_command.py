"""Commands that AKS runs inside a cluster, for clusters whose API server cannot be reached.

AKS starts a pod in the cluster, runs the command in it, and keeps the first 512 KB of its output
(https://learn.microsoft.com/azure/aks/access-private-cluster).
"""

from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineResponse
from azure.core.polling import AsyncNoPolling
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.containerservice.models import RunCommandRequest
from typing_extensions import override

from app.azure import errors
from app.azure.clients import Clients, settled
from app.azure.errors import AzureError
from app.azure.feed import Sharing
from app.azure.fields import Fields
from app.azure.types.call import Call

_ACCEPTED = 202
_FIRST_LOOK_SECONDS = 1.0
_LONGEST_LOOK_SECONDS = 10.0


class _FirstAnswer(AsyncNoPolling[AsyncHttpResponse]):
    """Gives the first answer as it is: the SDK would read a result out of its body, and it has none."""

    @override
    def resource(self) -> AsyncHttpResponse:
        return cast("PipelineResponse[HttpRequest, AsyncHttpResponse]", self._initial_response).http_response


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. `logs` is what it printed, cut at 512 KB."""

    exit_code: int
    logs: str = field(repr=False)


class RunCommands:
    """`Microsoft.ContainerService/managedClusters/{name}/runCommand`."""

    def __init__(self, clients: Clients, subscription_id: str, sharing: Sharing) -> None:
        self._clusters = clients.container_service(subscription_id).managed_clusters
        self._sleep = sharing.sleep

    async def run(
        self, group: str, name: str, command: str, *, call: Call, cluster_token: str | None = None
    ) -> CommandResult:
        """Run a command and wait for its end, until the call's deadline.

        `cluster_token`: for a cluster whose users log in through Entra. A command that ended with another code than 0
        is a result. Raises AzureError, AzureDeadlineError.
        """
        command_id = await self.begin(group, name, command, call=call, cluster_token=cluster_token)
        return await self.end(group, name, command_id, call=call)

    async def begin(self, group: str, name: str, command: str, *, call: Call, cluster_token: str | None = None) -> str:
        """Begin to run a command; the id of its result, for `end` and `result`. Raises AzureError."""
        answer = await settled(
            self._clusters.begin_run_command(
                group,
                name,
                RunCommandRequest(command=command, context="", cluster_token=cluster_token or ""),
                polling=_FirstAnswer(),  # type: ignore[no-untyped-call] # of the SDK's base
                slipway_call=call,
            )
        )
        where = answer.headers.get("Location")
        if where is not None:
            return urlsplit(where).path.rsplit("/", 1)[-1]
        if answer.status_code == _ACCEPTED:
            raise AzureError(errors.MALFORMED, azure_message="the answer does not say where the result will be")
        # It has ended already.
        return Fields(answer.json(), "commandResult").text("id")

    async def end(self, group: str, name: str, command_id: str, *, call: Call) -> CommandResult:
        """Wait for the end of a command, until the call's deadline. Raises AzureError, AzureDeadlineError."""
        pause = _FIRST_LOOK_SECONDS
        while (found := await self.result(group, name, command_id, call=call)) is None:
            await self._sleep(pause)
            pause = min(pause * 1.5, _LONGEST_LOOK_SECONDS)
        return found

    async def result(self, group: str, name: str, command_id: str, *, call: Call) -> CommandResult | None:
        """How a command ended; None while it runs. `AzureError` (gone) where Azure keeps it no more."""
        model = await self._clusters.get_command_result(group, name, command_id, slipway_call=call)
        return None if model is None else _result(model)


def _result(model: object) -> CommandResult:
    properties = Fields(model, "commandResult").part("properties")
    if (properties.maybe("provisioningState") or "").lower() != "succeeded":
        raise AzureError(errors.UNKNOWN, azure_message=properties.maybe("reason") or "the command was not run")
    exit_code = properties.number("exitCode")
    if exit_code is None:
        raise AzureError(errors.MALFORMED, azure_message="the command's result names no exit code")
    return CommandResult(exit_code, properties.maybe("logs") or "")
