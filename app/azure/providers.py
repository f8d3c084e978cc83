"""Resource providers of a subscription, and what each resource type of theirs needs before it can be made."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from azure.mgmt.resource.resources.aio import ResourceManagementClient

from app.azure.clients import read_all
from app.azure.errors import AzureDeadlineError
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.resource import Provider
from app.core.clock import Clock

_LOOKS = 20
_SHORTEST_LOOK = 0.2
_LONGEST_LOOK = 5.0
_REMEMBERED = timedelta(minutes=10)


class Providers:
    """`/subscriptions/{id}/providers`."""

    def __init__(
        self,
        client: ResourceManagementClient,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._providers = client.providers
        self._clock = clock
        self._sleep = sleep
        self._registered: dict[str, tuple[datetime, Provider]] = {}

    async def recent(self, namespace: str, *, call: Call) -> Provider:
        """As `get`; that a provider is registered, which hardly ever changes, is remembered for ten minutes."""
        known = self._registered.get(namespace)
        if known is not None and known[0] > self._clock.now():
            return known[1]
        return await self.get(namespace, call=call)

    async def get(self, namespace: str, *, call: Call) -> Provider:
        """The provider as it is now; `AzureError` for a namespace that Azure does not know."""
        provider = _provider(await self._providers.get(namespace, slipway_call=call))
        if provider.registered:
            self._registered[namespace] = (self._clock.now() + _REMEMBERED, provider)
        else:
            self._registered.pop(namespace, None)
        return provider

    async def register(self, namespace: str, *, call: Call) -> Provider:
        """Ask for registration. It goes on after the answer: see `await_registered`."""
        model = await self._providers.register(namespace, slipway_call=call)
        return _provider(model)

    async def list_(self, *, call: Call) -> tuple[Provider, ...]:
        """All providers that Azure knows."""
        return tuple(await read_all(self._providers.list(slipway_call=call), _provider))

    async def await_registered(
        self,
        namespace: str,
        *,
        call: Call,
        expected: timedelta,
        on_progress: Callable[[str], None] | None = None,
    ) -> Provider:
        """Look every few seconds until the provider is registered, or the call's deadline is over."""
        pause = min(max(expected.total_seconds() / _LOOKS, _SHORTEST_LOOK), _LONGEST_LOOK)
        while True:
            provider = await self.get(namespace, call=call)
            if on_progress is not None:
                on_progress(provider.registration_state)
            if provider.registered:
                return provider
            if self._clock.now() + timedelta(seconds=pause) >= call.deadline:
                raise AzureDeadlineError(f"{namespace} is still {provider.registration_state}.")
            await self._sleep(pause)


def _provider(value: object) -> Provider:
    body = Fields(value, "provider")
    return Provider(
        namespace=body.text("namespace"), registration_state=body.maybe("registrationState") or "NotRegistered"
    )
