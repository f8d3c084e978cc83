"""How Slipway logs in to Azure: a credential of azure-identity, over the one session."""

import aiohttp
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import (
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from app.core.settings import AzureSettings, CredentialKind


def open_credential(settings: AzureSettings, session: aiohttp.ClientSession) -> AsyncTokenCredential:
    """The credential that the settings name. Raises `ValueError` when they lack what it needs.

    Managed identity also takes the form of `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`, as the local Azure has it.
    """
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
