"""Queries of Log Analytics workspaces. The query service has an address and an audience of its own."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from azure.monitor.query import LogsQueryPartialResult, LogsTable
from azure.monitor.query.aio import LogsQueryClient

from app.azure import errors
from app.azure.error_body import plain
from app.azure.errors import AzureError
from app.azure.types.call import Call
from app.azure.types.monitoring import LogColumn, LogTable

_CUSTOMER_ID = re.compile(r"[0-9a-fA-F-]{36}")


class LogQueries:
    """Asks workspaces, by their customer ids."""

    def __init__(self, client: LogsQueryClient) -> None:
        self._client = client

    async def query(
        self, customer_id: str, kql: str, *, timespan: timedelta | None, wait_seconds: int, call: Call
    ) -> LogTable:
        """The answer to a query in Kusto's language.

        `timespan`: only rows so young are looked at. `wait_seconds`: Azure gives up after so long. Times come as
        `datetime` in UTC. Raises `AzureError`: `azure_query_...` for what is wrong with the query itself.
        """
        if not _CUSTOMER_ID.fullmatch(customer_id):
            raise AzureError(errors.MALFORMED, azure_message="the workspace's customer id is no GUID")
        try:
            answer = await self._client.query_workspace(
                customer_id, kql, timespan=timespan, server_timeout=wait_seconds, slipway_call=call
            )
            if isinstance(answer, LogsQueryPartialResult):
                failure = answer.partial_error
                words = (failure.message or failure.code) if failure else None
                return _table(answer.partial_data, plain(words or "The answer is not whole."))
            return _table(answer.tables, None)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            # The SDK trusts the shape of an answer.
            raise AzureError(errors.MALFORMED, azure_message="the answer to the query has a wrong shape") from error


def _table(tables: Sequence[LogsTable], partial: str | None) -> LogTable:
    """The first table: the only one that a query without `fork` has."""
    table = tables[0]
    columns = tuple(LogColumn(name, kind) for name, kind in zip(table.columns, table.columns_types, strict=True))
    rows = tuple(tuple(_value(row[position]) for position in range(len(columns))) for row in table.rows)
    return LogTable(columns, rows, partial)


def _value(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
