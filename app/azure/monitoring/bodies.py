"""Bodies for and of the SDK's older kind of operations, whose models drop what their version does not know."""

import json
from collections.abc import Awaitable
from typing import IO, cast

from azure.core.exceptions import DeserializationError
from azure.core.rest import AsyncHttpResponse

from app.azure import errors
from app.azure.errors import AzureError
from app.core.json import JsonObject


def sent(body: JsonObject) -> IO[bytes]:
    """A body that goes out as it is. The operations take bytes, which can be sent again, where their types say IO."""
    return cast("IO[bytes]", json.dumps(body).encode())


async def answered(asked: Awaitable[object]) -> AsyncHttpResponse:
    """The answer of an operation that was called with `cls=whole_answer`, whose type says the model."""
    try:
        return cast("AsyncHttpResponse", await asked)
    except (DeserializationError, AttributeError, TypeError, ValueError) as error:
        # The SDK makes its model all the same.
        raise AzureError(errors.MALFORMED, azure_message="the answer has a wrong shape") from error
