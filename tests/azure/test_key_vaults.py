"""Secrets of Key Vaults, by the real client through our pipeline: what a vault answers, and whom a token reaches."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from app.azure.errors import AzureError
from app.azure.key_vaults import NotAVaultError
from app.azure.types.call import Call
from app.azure.types.key_vault import VaultSecretId, vault_secret_id
from app.core.clock import SystemClock
from app.core.settings import AzureSettings
from tests.azure.arm_double import answers, arm_double, error
from tests.azure.story import Story
from tests.support.vaults import delete_vault, make_vault, put_secret, secret_id

VERSION = "0123456789abcdef0123456789abcdef"
OURS = "https://keys.vault.azure.net/secrets/sp"


def _call() -> Call:
    return Call(deadline=SystemClock().now() + timedelta(seconds=30))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (OURS, VaultSecretId("keys", "sp", None)),
        (f"{OURS}/{VERSION}", VaultSecretId("keys", "sp", VERSION)),
        ("https://a-b-c.vault.azure.net/secrets/Some-Name", VaultSecretId("a-b-c", "Some-Name", None)),
        ("https://keys.vault.azure.cn/secrets/sp", None),
        ("https://keys.vault.azure.net.evil.example/secrets/sp", None),
        ("https://evil.example/keys.vault.azure.net/secrets/sp", None),
        ("https://keys.evil.vault.azure.net/secrets/sp", None),
        ("https://keys.vault.azure.net@evil.example/secrets/sp", None),
        ("https://user@keys.vault.azure.net/secrets/sp", None),
        ("https://keys.vault.azure.net:8443/secrets/sp", None),
        ("https://keys.vault.azure.net/secrets/sp?x=y", None),
        ("https://keys.vault.azure.net/secrets/sp#x", None),
        ("https://keys.vault.azure.net/secrets/../keys/sp", None),
        ("https://keys.vault.azure.net/keys/sp", None),
        ("https://keys.vault.azure.net/secrets/sp\n", None),
        ("https://keys-.vault.azure.net/secrets/sp", None),
        ("https://ab.vault.azure.net/secrets/sp", None),
        (f"https://{'a' * 25}.vault.azure.net/secrets/sp", None),
        ("http://keys.vault.azure.net/secrets/sp", None),
        ("", None),
    ],
)
def test_an_id_names_a_secret_of_a_vault_of_this_cloud_or_nothing(text: str, meant: VaultSecretId | None) -> None:
    assert vault_secret_id(text, dns_suffix="vault.azure.net") == meant


def test_where_a_vault_is_reached_follows_from_the_cloud() -> None:
    assert AzureSettings().key_vault_address == "https://{vault}.vault.azure.net"
    assert AzureSettings(key_vault_dns_suffix="vault.azure.cn").key_vault_address == "https://{vault}.vault.azure.cn"
    here = AzureSettings(resource_manager_url="http://127.0.0.1:4000/")
    assert here.key_vault_address == "http://127.0.0.1:4000/vaults/{vault}"
    given = AzureSettings(key_vault_url="https://proxy.example/{vault}")
    assert given.key_vault_address == "https://proxy.example/{vault}"


async def test_a_secret_is_read_by_its_newest_version_or_by_one(story: Story) -> None:
    make_vault(story.local)
    ends_at = datetime(2200, 1, 2, tzinfo=UTC)
    first = put_secret(story.local, "one")
    put_secret(story.local, "two", ends_at=ends_at)
    vaults = story.gateway.key_vaults

    newest = await vaults.secret(secret_id(), call=_call())
    assert (newest.value.reveal(), newest.ends_at) == ("two", ends_at)
    assert (await vaults.secret(first, call=_call())).value.reveal() == "one"
    assert "two" not in repr(newest)


@pytest.mark.parametrize(
    ("trouble", "code", "remedy"),
    [
        ("missing", "azure_key_vault_secret_not_found", "Correct the id"),
        ("disabled", "azure_key_vault_secret_disabled", "Enable it"),
        ("expired", "azure_key_vault_secret_expired", "new version"),
        ("early", "azure_key_vault_secret_not_yet_valid", "when it is valid"),
        ("forbidden", "azure_key_vault_denied", "Key Vault Secrets User"),
        ("private", "azure_key_vault_firewall", "allow the address"),
        ("deleted", "azure_key_vault_not_found", "recover the vault"),
    ],
)
async def test_what_is_wrong_with_a_secret_is_said_with_its_cure(
    story: Story, trouble: str, code: str, remedy: str
) -> None:
    now = datetime.now(UTC)
    vault = make_vault(story.local)
    if trouble != "missing":
        put_secret(
            story.local,
            "planted",
            enabled=trouble != "disabled",
            ends_at=now - timedelta(days=1) if trouble == "expired" else None,
            starts_at=now + timedelta(days=1) if trouble == "early" else None,
        )
    if trouble == "forbidden":
        story.local.add_fault("forbid", operation="KeyVault_GetSecret", count=None)
    if trouble == "private":
        make_vault(story.local, publicNetworkAccess="Disabled")
    if trouble == "deleted":
        delete_vault(story.local, vault)

    with pytest.raises(AzureError) as caught:
        await story.gateway.key_vaults.secret(secret_id(), call=_call())

    problem = caught.value.problem
    assert (problem.code, problem.retryable) == (code, False)
    assert remedy in (problem.remedy or "")
    assert "planted" not in str(problem)


async def test_a_throttled_vault_is_asked_again_when_it_says() -> None:
    busy = web.json_response({"error": {"code": "Throttled"}}, status=429, headers={"Retry-After": "7"})
    async with arm_double(answers(busy, web.json_response({"id": OURS, "value": "v", "attributes": {}}))) as double:
        found = await double.vaults.secret(OURS, call=double.call())
    assert found.value.reveal() == "v"
    assert double.slept == [8.0]


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", '{"value": "planted", "attributes": 7}', '{"value": "planted", "attributes": {"exp": "x"}}'],
)
async def test_an_answer_of_another_shape_is_no_secret_and_is_not_shown(body: str) -> None:
    async with arm_double(answers(web.Response(body=body.encode(), content_type="application/json"))) as double:
        with pytest.raises(AzureError) as caught:
            await double.vaults.secret(OURS, call=double.call())
    assert caught.value.problem.code == "azure_answer_malformed"
    assert "planted" not in str(caught.value.problem)


async def test_a_host_that_is_no_vault_gets_neither_a_call_nor_a_token() -> None:
    async with arm_double(answers(error(500, "InternalError"))) as double:
        for host in ("https://evil.example", "https://keys.vault.azure.cn", double.url):
            with pytest.raises(NotAVaultError):
                await double.vaults.secret(f"{host}/secrets/sp", call=double.call())
        assert double.requests == []
        assert double.credential.asked == 0


async def test_a_redirect_of_a_vault_is_not_followed() -> None:
    async with arm_double(answers(web.Response(status=302, headers={"Location": "https://evil.example/"}))) as double:
        with pytest.raises(Exception, match="redirect"):
            await double.vaults.secret(OURS, call=double.call())
        assert len(double.requests) == 1


@pytest.mark.parametrize(
    ("number", "code"),
    [(socket.EAI_NONAME, "azure_key_vault_not_found"), (socket.EAI_AGAIN, "azure_unreachable")],
)
async def test_a_vault_whose_name_dns_does_not_know_is_not_there(
    story: Story, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    vaults, loop = story.gateway.key_vaults, asyncio.get_running_loop()
    known = loop.getaddrinfo

    async def resolve(host: Any, port: Any, **more: Any) -> Any:
        if str(host).endswith(".vault.azure.net"):
            raise socket.gaierror(number, "no such name")
        return await known(host, port, **more)

    monkeypatch.setattr(vaults, "_address", "https://{vault}.vault.azure.net")
    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    soon = Call(deadline=SystemClock().now() + timedelta(seconds=1))
    with pytest.raises(AzureError) as caught:
        await vaults.secret(OURS, call=soon)
    assert caught.value.problem.code == code
