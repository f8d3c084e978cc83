"""Logging in, and what ARM thinks of tokens."""

import ssl
from datetime import timedelta

import aiohttp
import jwt
import pytest
from azure.identity.aio import ManagedIdentityCredential

from app.emulator.core.clock import SystemClock
from app.emulator.identity.tokens import TokenIssuer, new_key
from tests.emulator.conftest import Arm
from tests.support.local_azure import LocalAzureForTests

ARM_SCOPE = "https://management.azure.com/.default"


async def test_azure_identity_logs_in_over_http(
    local_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in local_azure.identity_env.items():
        monkeypatch.setenv(name, value)
    async with ManagedIdentityCredential() as credential:
        token = (await credential.get_token(ARM_SCOPE)).token
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{local_azure.url}/{local_azure.tenant_id}/discovery/v2.0/keys") as reply,
    ):
        keys = jwt.PyJWKSet.from_dict(await reply.json())
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, keys[header["kid"]].key, algorithms=["RS256"], audience="https://management.azure.com")
    assert header["alg"] == "RS256"
    assert claims["tid"] == local_azure.tenant_id
    assert claims["oid"]
    assert claims["exp"] - claims["iat"] == timedelta(hours=24).total_seconds()


async def test_a_wrong_identity_header_gets_no_token(arm: Arm) -> None:
    url = f"{arm.azure.url}/msi/token?resource=https://management.azure.com&api-version=2019-08-01"
    async with arm.session.get(url, headers={"X-IDENTITY-HEADER": "wrong"}) as reply:
        assert reply.status == 401


async def test_client_credentials_get_a_token_that_arm_takes(arm: Arm) -> None:
    url = f"{arm.azure.url}/{arm.azure.tenant_id}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "client_id": "app", "scope": ARM_SCOPE, "client_secret": "wrong"}
    async with arm.session.post(url, data=form) as refused:
        assert (refused.status, (await refused.json())["error"]) == (401, "invalid_client")
    form["client_secret"] = arm.azure.identity_env["IDENTITY_HEADER"]
    async with arm.session.post(url, data=form) as reply:
        arm.token = (await reply.json())["access_token"]
    assert (await arm.send("GET", "/tenants")).body["value"][0]["tenantId"] == arm.azure.tenant_id


async def test_a_request_without_a_token_is_challenged(arm: Arm) -> None:
    reply = await arm.send("GET", "resourceGroups", headers={"Authorization": ""})
    assert (reply.status, reply.body["error"]["code"]) == (401, "AuthenticationFailed")
    assert reply.headers["www-authenticate"].startswith("Bearer authorization_uri=")


async def test_an_expired_a_foreign_and_a_misdirected_token_are_refused(
    arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    good = arm.token
    foreign = TokenIssuer(key_pem=new_key(), tenant_id=arm.azure.tenant_id, clock=SystemClock())
    arm.token = foreign.issue(resource="https://management.azure.com", client_id="x").text
    assert (await arm.send("GET", "resourceGroups")).body["error"]["code"] == "InvalidAuthenticationToken"
    arm.token = arm.azure.token("https://storage.azure.com/")
    misdirected = await arm.send("GET", "resourceGroups")
    assert misdirected.body["error"]["code"] == "InvalidAuthenticationTokenAudience"
    arm.token = good
    assert (await arm.send("GET", "resourceGroups")).status == 200
    stopped_azure.advance(timedelta(hours=25).total_seconds())
    expired = await arm.send("GET", "resourceGroups")
    assert (expired.status, expired.body["error"]["code"]) == (401, "ExpiredAuthenticationToken")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_https_shows_a_certificate_of_its_own_authority(local_azure: LocalAzureForTests, host: str) -> None:
    context = ssl.create_default_context(cafile=str(local_azure.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    url = local_azure.https_url.replace("127.0.0.1", host)
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metadata/clouds", ssl=context) as reply:
        (cloud,) = await reply.json()
    assert (cloud["name"], cloud["resourceManager"]) == ("AzureCloud", url)


async def test_openid_discovery_leads_to_the_token_endpoint(arm: Arm) -> None:
    url = f"{arm.azure.url}/{arm.azure.tenant_id}/v2.0/.well-known/openid-configuration"
    async with arm.session.get(url) as reply:
        document = await reply.json()
    assert document["token_endpoint"] == f"{arm.azure.url}/{arm.azure.tenant_id}/oauth2/v2.0/token"
