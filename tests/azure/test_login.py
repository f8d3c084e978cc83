"""Tokens: how they are got, replaced, and kept from strangers."""

import jwt
import pytest
from aiohttp import web
from azure.core.credentials import AccessToken

from app.azure.cluster_tokens import AKS_SERVER_ID
from app.azure.credentials import RenewableCredential
from app.azure.errors import AzureError, UntrustedLinkError
from app.azure.gateway import AzureGateway
from app.azure.ports import MemoryBuckets, MemoryDurations
from app.azure.types.operation import Operation, OperationKind
from app.core.clock import SystemClock
from app.core.durations import ExpectSettings
from app.core.settings import AzureSettings, CredentialKind
from tests.azure.arm_double import GROUP, answers, arm_double, error
from tests.azure.story import Story
from tests.support.local_azure import LocalAzureForTests


async def test_a_client_secret_logs_in_over_https_with_the_local_authority(local: LocalAzureForTests) -> None:
    settings = AzureSettings(
        resource_manager_url=local.https_url,
        authority_url=local.https_url,
        credential=CredentialKind.CLIENT_SECRET,
        tenant_id=local.tenant_id,
        client_id="5b6d8c1e-0000-4000-8000-000000000001",
        client_secret=local.identity_env["IDENTITY_HEADER"],
        ca_file=local.ca_file,
    )
    clock = SystemClock()
    gateway = await AzureGateway.open(
        settings, ExpectSettings(), clock=clock, buckets=MemoryBuckets(clock), durations=MemoryDurations()
    )
    try:
        story = Story(local, gateway, gateway.subscription(local.subscription_id), [])
        assert await story.azure.catalog.locations(call=story.call())
    finally:
        await gateway.close()


async def test_the_default_chain_finds_the_local_identity(
    local: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in local.identity_env.items():
        monkeypatch.setenv(name, value)
    clock = SystemClock()
    gateway = await AzureGateway.open(
        AzureSettings(resource_manager_url=local.url),
        ExpectSettings(),
        clock=clock,
        buckets=MemoryBuckets(clock),
        durations=MemoryDurations(),
    )
    try:
        story = Story(local, gateway, gateway.subscription(local.subscription_id), [])
        assert await story.azure.catalog.locations(call=story.call())
    finally:
        await gateway.close()


async def test_a_login_that_is_refused_says_so(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "canary")
    clock = SystemClock()
    settings = AzureSettings(resource_manager_url=story.local.url, credential=CredentialKind.MANAGED_IDENTITY)
    gateway = await AzureGateway.open(
        settings, ExpectSettings(), clock=clock, buckets=MemoryBuckets(clock), durations=MemoryDurations()
    )
    try:
        with pytest.raises(AzureError) as refused:
            await gateway.subscription(story.local.subscription_id).catalog.locations(call=story.call())
        assert refused.value.problem.code == "azure_login_failed"
        assert "canary" not in str(refused.value.problem)
    finally:
        await gateway.close()


async def test_an_ended_token_is_replaced_once() -> None:
    ended = error(401, "ExpiredAuthenticationToken")
    async with arm_double(answers(ended, web.json_response(GROUP))) as arm:
        assert await arm.azure.resource_groups.get("g", call=arm.call()) is not None
        assert arm.requests[1].headers["Authorization"] == "Bearer token-2"
    async with arm_double(answers(ended)) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=arm.call())
        assert caught.value.problem.code == "azure_login_failed"
        assert len(arm.requests) == 2


async def test_the_token_never_leaves_for_another_host() -> None:
    async with arm_double(answers(web.json_response(GROUP))) as elsewhere:
        url = elsewhere.url
        redirect = web.Response(status=307, headers={"Location": url + "/x"})
        paged = web.json_response({"value": [GROUP], "nextLink": url + "/next?skipToken=1"})
        async with arm_double(answers(redirect, paged)) as arm:
            with pytest.raises(UntrustedLinkError):
                await arm.azure.resource_groups.get("g", call=arm.call())
            with pytest.raises(UntrustedLinkError):
                await arm.azure.resource_groups.list_(call=arm.call())
            operation = Operation(url + "/operation", OperationKind.ASYNC_OPERATION, "/x")
            with pytest.raises(UntrustedLinkError):
                await arm.azure.operations.status(operation, call=arm.call())
        assert not elsewhere.requests


async def test_a_login_that_never_ends_meets_the_timeout() -> None:
    async with arm_double(answers(web.json_response(GROUP)), call_seconds=0.02, login_hangs=True) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.put("g", "westeurope", {}, call=arm.call())
        assert caught.value.problem.code == "azure_unreachable"
        assert arm.credential.asked == 4
        assert not arm.requests


async def test_only_akss_own_application_gets_a_token_for_clusters(story: Story) -> None:
    """A kubeconfig that named Resource Manager's application would be given Slipway's whole power over Azure."""
    call = story.call()
    token = await story.gateway.cluster_token(AKS_SERVER_ID.upper(), call=call)
    claims = jwt.decode(token.secret.reveal(), options={"verify_signature": False})
    assert claims["aud"].rstrip("/") == AKS_SERVER_ID
    assert token.expires_at.timestamp() == claims["exp"]
    assert token.secret.reveal() not in repr(token)
    with pytest.raises(AzureError) as refused:
        await story.gateway.cluster_token("797f4846-ba00-4fd7-ba43-dac1f8f63013", call=call)
    assert refused.value.problem.code == "azure_login_failed"


async def test_a_token_for_clusters_leaves_renewal_of_azures_alone() -> None:
    given = iter(range(9))

    class Credential:
        async def get_token(self, *scopes: str, **_: object) -> AccessToken:
            return AccessToken(f"{scopes[0]}-{next(given)}", 2_000_000_000)

        async def close(self) -> None:
            pass

    made: list[Credential] = []

    def make() -> Credential:
        made.append(Credential())
        return made[-1]

    credential = RenewableCredential(make)  # type: ignore[arg-type] # as much of one as is used
    first = await credential.get_token("arm")
    await credential.get_token("cluster")
    credential.refused(first.token)
    assert len(made) == 2
    credential.refused(first.token)
    assert len(made) == 2
