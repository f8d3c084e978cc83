"""Queries in Kusto's language, built from parts that cannot break out of their place.

Every value passes through `text`, `moment` or `number`; nothing else is ever put into a query.
https://learn.microsoft.com/kusto/query/scalar-data-types/string
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FIRST_PRINTABLE = 0x20
_LAST_ASCII = 0x7E


def text(value: str) -> str:
    """A string literal. What is not plain ASCII is escaped, so that no character ends it or the line."""
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _FIRST_PRINTABLE <= ord(character) <= _LAST_ASCII:
        return character
    # Beyond 16 bits Kusto takes the two halves of UTF-16.
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def moment(value: datetime) -> str:
    """A datetime literal, in UTC."""
    return f"datetime({value.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ')})"


def number(value: int) -> str:
    """A whole number."""
    return str(int(value))


@dataclass(frozen=True, slots=True)
class Query:
    """A table, and what is done with its rows, line by line."""

    table: str
    steps: tuple[str, ...] = ()

    def where(self, *conditions: str | None) -> "Query":
        """Only rows for which all conditions hold; None is no condition."""
        return Query(self.table, (*self.steps, *(f"where {one}" for one in conditions if one is not None)))

    def then(self, *steps: str) -> "Query":
        """What is done next."""
        return Query(self.table, (*self.steps, *steps))

    def __str__(self) -> str:
        """The query as it is sent."""
        return "\n| ".join((self.table, *self.steps))


def equals(column: str, value: str | None) -> str | None:
    """The condition that a column is just this; none where no value was asked for."""
    return None if value is None else f"{column} == {text(value)}"


def of_cluster(column: str, azure_id: str) -> str:
    """The condition that a row is of this cluster. Azure writes ids in several cases."""
    return f"{column} =~ {text(azure_id)}"


def between(since: datetime, until: datetime) -> Sequence[str]:
    """The conditions that a row was made in this time."""
    return (f"TimeGenerated >= {moment(since)}", f"TimeGenerated < {moment(until)}")


def newest_by_cluster(since: datetime) -> str:
    """When the newest rows of each cluster were collected: columns ClusterId and last."""
    query = Query("KubeNodeInventory").where(f"TimeGenerated >= {moment(since)}")
    return str(query.then("summarize last = max(TimeGenerated) by ClusterId"))


def taken_since(since: datetime) -> str:
    """How much the workspace has taken in since then, in MB as Azure counts them: column mb."""
    query = Query("Usage").where(f"TimeGenerated >= {moment(since)}", "IsBillable == true")
    return str(query.then("summarize mb = sum(Quantity)"))


def agents_usage(since: datetime) -> str:
    """What the agents' containers use and may use: by container and counter, the newest value."""
    counters = " or ".join(f"CounterName == {text(name)}" for name in (*USED, *LIMITS))
    query = Query("Perf").where(
        f"TimeGenerated >= {moment(since)}",
        equals("ObjectName", "K8SContainer"),
        f"InstanceName contains {text('/ama-logs')}",
        counters,
    )
    return str(
        query.then("summarize arg_max(TimeGenerated, CounterValue, Computer) by _ResourceId, InstanceName, CounterName")
    )


USED = ("memoryWorkingSetBytes", "cpuUsageNanoCores")
LIMITS = ("memoryLimitBytes", "cpuLimitNanoCores")
