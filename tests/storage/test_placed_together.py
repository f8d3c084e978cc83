"""Shares that are made at the same time in an account that is not there yet."""

import asyncio

from tests.storage.sharing import ACCOUNTS, SHARES, accounts_in, listed, made, shown
from tests.support.whole import Slipway


async def test_an_account_that_another_share_has_made_meanwhile_is_nobody_elses(slipway: Slipway) -> None:
    """Between the look for the account and the question whether its name is free, the other share's job makes it."""
    fault = slipway.azure.add_fault("delay", operation="StorageAccounts_CheckNameAvailability", count=1, seconds=2)
    late = await slipway.accepted("POST", SHARES, {"name": "late", "location": "westeurope", "quota_gib": 5})
    for _ in range(400):
        if fault.hits:
            break
        await asyncio.sleep(0.02)

    early = await made(slipway, "early")

    assert (await slipway.ended(late))["state"] == "succeeded"
    assert (await shown(slipway, "late"))["account"] == early["account"] == accounts_in(slipway.azure)[0].name
    assert [each["state"] for each in await listed(slipway, path=ACCOUNTS)] == ["ready"]
    assert "share.moved" not in {each["type"] for each in await slipway.events()}
