"""The acceptance's own resource group: removed whatever happens, without Slipway, which may be what failed."""

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Final
from unittest import mock

import aiohttp
from azure.core.credentials_async import AsyncTokenCredential

from app.azure.credentials import open_credential
from app.core.settings import AzureSettings, Settings

REMOVAL_SECONDS: Final = 1800
POLL_SECONDS: Final = 5
API_VERSION: Final = "2025-04-01"


def remove_group(name: str, environment: Mapping[str, str]) -> None:
    """Delete the resource group with all in it, and wait until it is gone; one that is not there is no error."""
    with mock.patch.dict(os.environ, environment, clear=True):
        asyncio.run(_remove(name, Settings().azure))


async def _remove(name: str, azure: AzureSettings) -> None:
    url = f"{azure.resource_manager_url}/subscriptions/{azure.subscription_id}/resourcegroups/{name}"
    async with aiohttp.ClientSession(trust_env=True) as session, open_credential(azure, session) as credential:
        deadline = time.monotonic() + REMOVAL_SECONDS
        status = await _ask(session, credential, azure, "DELETE", url)
        while status != 404:
            assert status in {200, 202}, f"resource group {name}: Azure answered {status}"
            assert time.monotonic() < deadline, f"resource group {name} is still there after {REMOVAL_SECONDS} s"
            await asyncio.sleep(POLL_SECONDS)
            status = await _ask(session, credential, azure, "GET", url)


async def _ask(
    session: aiohttp.ClientSession, credential: AsyncTokenCredential, azure: AzureSettings, method: str, url: str
) -> int:
    token = await credential.get_token(f"{azure.token_audience}/.default")
    headers = {"Authorization": f"Bearer {token.token}"}
    async with session.request(method, url, params={"api-version": API_VERSION}, headers=headers) as answer:
        return answer.status
