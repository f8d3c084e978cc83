"""How Slipway logs in to Azure: a credential of azure-identity, over the one session."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import (
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from app.core.settings import AzureSettings, CredentialKind


class RenewableCredential:
    """A credential that can be made anew.

    azure-identity gives a token out of its cache until the machine's clock says that it has ended. One that Azure
    refuses earlier (it was revoked, or the clocks differ) would be given again and again.
    """

    def __init__(self, make: Callable[[], AsyncTokenCredential]) -> None:
        self._make = make
        self._credential = make()
        self._given: dict[tuple[str, ...], str] = {}

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:  # Any: azure-core's interface
        """A token, perhaps from the cache."""
        token = await self._credential.get_token(*scopes, **kwargs)
        self._given[scopes] = token.token
        return token

    def refused(self, token: str) -> None:
        """Azure did not take this token: the next one comes from a login, one for all who hear this of one token."""
        if token in self._given.values():
            self._given = {}
            self._credential = self._make()

    async def close(self) -> None:
        """Close the present one; those before hold nothing open, since the session is not theirs."""
        await self._credential.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def open_credential(settings: AzureSettings, session: aiohttp.ClientSession) -> RenewableCredential:
    """The credential that the settings name. Raises `ValueError` when they lack what it needs."""
    return RenewableCredential(lambda: _credential(settings, session))


def _credential(settings: AzureSettings, session: aiohttp.ClientSession) -> AsyncTokenCredential:
    """Managed identity also takes the form of `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`, as the local Azure has it."""
    # Waiting long for a login only delays the answer; the call that needs it is tried again as a whole.
    transport = AioHttpTransport(session=session, session_owner=False)
    if settings.credential is CredentialKind.MANAGED_IDENTITY:
        return ManagedIdentityCredential(client_id=settings.client_id, transport=transport)
    if settings.credential is CredentialKind.WORKLOAD_IDENTITY:
        return WorkloadIdentityCredential(
            tenant_id=settings.tenant_id,
            client_id=settings.client_id,
            authority=settings.authority_url,
            disable_instance_discovery=True,
            transport=transport,
        )
    if settings.credential is CredentialKind.CLIENT_SECRET:
        if not (settings.tenant_id and settings.client_id and settings.client_secret):
            raise ValueError("credential=client_secret needs tenant_id, client_id and client_secret.")
        return ClientSecretCredential(
            tenant_id=settings.tenant_id,
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
            authority=settings.authority_url,
            # Entra's public directory of authorities knows nothing of a private or local one.
            disable_instance_discovery=True,
            transport=transport,
        )
    return DefaultAzureCredential(
        managed_identity_client_id=settings.client_id,
        authority=settings.authority_url,
        exclude_interactive_browser_credential=True,
        exclude_shared_token_cache_credential=True,
        transport=transport,
    )
