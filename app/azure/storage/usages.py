"""How much of Azure's limits for storage is used."""

from azure.mgmt.storage.aio import StorageManagementClient

from app.azure.clients import read_all
from app.azure.feed import Feeds, Sharing
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.network import Usage

ACCOUNTS = "StorageAccounts"
"""Azure's name for the number of accounts in a location."""


class Usages:
    """`Microsoft.Storage/locations/usages`."""

    def __init__(self, client: StorageManagementClient, sharing: Sharing) -> None:
        self._usages = client.usages
        self._shared = Feeds(lambda location: self.list_(location, call=sharing.call()), sharing)

    async def list_(self, location: str, *, call: Call) -> tuple[Usage, ...]:
        """The limits of the subscription in a location, each with what is used of it."""
        return tuple(await read_all(self._usages.list_by_location(location, slipway_call=call), _usage))

    async def fresh(self, location: str) -> tuple[Usage, ...]:
        """As `list_`; all who ask for it at about the same time share one call."""
        return await self._shared.fresh(location)


def _usage(value: object) -> Usage:
    body = Fields(value, "usage")
    return Usage(
        name=body.part("name").text("value"),
        used=body.number("currentValue") or 0,
        limit=body.number("limit") or 0,
    )
