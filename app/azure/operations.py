"""What a long-running operation's own address says."""

from app.azure import errors
from app.azure.answers import retry_after, source_of
from app.azure.clients import Clients
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.operation import Operation, OperationKind, OperationStatus

_ACCEPTED = 202
# An address of kind `location` tells a failed operation by the status of its answer.
_REFUSALS = frozenset({400, 409, 422})
_ENDS = {"succeeded": True, "failed": False, "canceled": False, "cancelled": False}


class Operations:
    """Asks operations how they are."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def status(self, operation: Operation | str, *, call: Call) -> OperationStatus:
        """The operation's state now.

        Only the status word decides: an `error` beside `InProgress` or `Succeeded` means nothing, and a failed
        operation is an HTTP 200. `AzureError` (gone) when Azure has forgotten the operation: look at the resource.
        An address by itself is read by what its answer looks like.
        """
        url = operation if isinstance(operation, str) else operation.url
        if url is None:
            raise AzureError(errors.NOT_FOUND, azure_message="the answer named no operation")
        try:
            answer = await self._clients.get(url, call=call)
        except AzureError as error:
            if _by_location(operation) and error.http_status in _REFUSALS and not error.gone:
                return OperationStatus("Failed", done=True, succeeded=False, error=error)
            raise
        body: object = answer.json() if answer.content.strip() else {}
        fields = Fields(body, "operation")
        wait = retry_after(answer, self._clients.clock)
        word = None if _by_location(operation) else fields.maybe("status")
        if word is None:
            done = answer.status_code != _ACCEPTED
            return OperationStatus("Succeeded" if done else "InProgress", done, done, retry_after_seconds=wait)
        succeeded = _ENDS.get(word.lower())
        if succeeded is not False:
            return OperationStatus(word, succeeded is True, succeeded is True, retry_after_seconds=wait)
        source = source_of(answer, self._clients.clock)
        failure = errors.classify(body, errors.Source(provider=source.provider, correlation_id=source.correlation_id))
        return OperationStatus(word, done=True, succeeded=False, error=failure, retry_after_seconds=wait)


def _by_location(operation: Operation | str) -> bool:
    return isinstance(operation, Operation) and operation.kind is OperationKind.LOCATION
