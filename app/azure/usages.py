"""How much of Azure's limits in a location is used: `Microsoft.<provider>/locations/usages`, the same for all."""

from collections.abc import Callable
from typing import Any

from azure.core.async_paging import AsyncItemPaged

from app.azure.clients import read_all
from app.azure.feed import Feeds, Sharing
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.usage import Usage


class Usages:
    """The limits of one provider."""

    def __init__(self, ask: Callable[[str, Call], AsyncItemPaged[Any]], sharing: Sharing) -> None:
        """`ask`: the SDK's operation of that provider, by location."""
        self._ask = ask
        self._shared = Feeds(lambda location: self.list_(location, call=sharing.call()), sharing)

    async def list_(self, location: str, *, call: Call) -> tuple[Usage, ...]:
        """The limits of the subscription in a location, each with what is used of it."""
        return tuple(await read_all(self._ask(location, call), usage_of))

    async def fresh(self, location: str) -> tuple[Usage, ...]:
        """As `list_`; all who ask for it at about the same time share one call."""
        return await self._shared.fresh(location)


def usage_of(value: object) -> Usage:
    """The SDK's model as ours."""
    body = Fields(value, "usage")
    return Usage(
        name=body.part("name").text("value"),
        used=body.number("currentValue") or 0,
        limit=body.number("limit") or 0,
    )
