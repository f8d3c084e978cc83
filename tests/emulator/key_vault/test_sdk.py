"""Secrets by Azure's own client with its stock policies: it asks for a token as the vault's challenge says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.keyvault.secrets import SecretClient

from tests.support.local_azure import LocalAzureForTests
from tests.support.vaults import AUDIENCE, delete_vault, make_vault

VAULT = "https://keys.vault.azure.net"
WRONG = "https://management.azure.com"


class _Credential:
    """Gives tokens of the local Azure for what it is asked, or for one audience whatever it is asked."""

    def __init__(self, azure: LocalAzureForTests, audience: str | None = None) -> None:
        self._azure = azure
        self._audience = audience
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_more: Any) -> AccessToken:
        self.scopes += scopes
        token = self._azure.token(self._audience or scopes[0].removesuffix("/.default"))
        return AccessToken(token, int((datetime.now(UTC) + timedelta(hours=1)).timestamp()))


class _Here(RequestsTransport):  # type: ignore[misc] # azure-core gives no type
    """Brings what is sent to a vault to the local Azure, as an entry in DNS and a proxy would."""

    def __init__(self, azure: LocalAzureForTests) -> None:
        super().__init__()
        self._azure = azure

    def send(self, request: HttpRequest, **kwargs: Any) -> Any:
        host, _, path = request.url.removeprefix("https://").partition("/")
        vault = host.removesuffix(".vault.azure.net")
        assert vault != host
        there = request.url
        request.url = f"{self._azure.url}/vaults/{vault}/{path}"
        try:
            return super().send(request, **kwargs)
        finally:
            request.url = there


@pytest.fixture
def credential(local_azure: LocalAzureForTests) -> _Credential:
    return _Credential(local_azure)


@pytest.fixture
def client(local_azure: LocalAzureForTests, credential: _Credential) -> Iterator[SecretClient]:
    make_vault(local_azure)
    with SecretClient(VAULT, credential, transport=_Here(local_azure), retry_total=0) as client:
        yield client


def test_a_secret_is_set_read_by_version_disabled_deleted_and_recovered(
    client: SecretClient, credential: _Credential
) -> None:
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=20)
    first = client.set_secret("principal", "one", tags={"a": "b"}, content_type="text/plain")
    second = client.set_secret("principal", "two", expires_on=ends_at)

    assert set(credential.scopes) == {f"{AUDIENCE}/.default"}
    newest = client.get_secret("principal")
    assert (newest.value, newest.id, newest.properties.expires_on) == ("two", second.id, ends_at)
    old = client.get_secret("principal", first.properties.version)
    assert (old.value, old.properties.tags, old.properties.content_type) == ("one", {"a": "b"}, "text/plain")
    assert str(newest.id).startswith(f"{VAULT}/secrets/principal/")

    client.update_secret_properties("principal", second.properties.version, enabled=False)
    with pytest.raises(HttpResponseError, match="disabled secret") as refused:
        client.get_secret("principal")
    assert refused.value.status_code == 403
    assert refused.value.error is not None
    assert (refused.value.error.code, refused.value.error.innererror) == ("Forbidden", {"code": "SecretDisabled"})

    client.begin_delete_secret("principal").wait()
    with pytest.raises(ResourceNotFoundError, match="recover it"):
        client.get_secret("principal")
    with pytest.raises(HttpResponseError, match="deleted but recoverable"):
        client.set_secret("principal", "three")
    client.begin_recover_deleted_secret("principal").wait()
    assert client.get_secret("principal", first.properties.version).value == "one"


def test_one_that_has_expired_is_given_out_and_one_that_is_not_there_is_not(client: SecretClient) -> None:
    client.set_secret("old", "gone by", expires_on=datetime.now(UTC) - timedelta(days=1))
    assert client.get_secret("old").value == "gone by"
    with pytest.raises(ResourceNotFoundError, match="was not found in this key vault"):
        client.get_secret("none")
    with pytest.raises(ResourceNotFoundError):
        client.get_secret("old", "0" * 32)


def test_a_token_for_something_else_opens_nothing(local_azure: LocalAzureForTests, client: SecretClient) -> None:
    client.set_secret("principal", "one")
    other = SecretClient(VAULT, _Credential(local_azure, WRONG), transport=_Here(local_azure), retry_total=0)
    with other, pytest.raises(ClientAuthenticationError, match="AKV10022"):
        other.get_secret("principal")


def test_rights_and_throttling_are_said_in_the_vaults_own_form(
    local_azure: LocalAzureForTests, client: SecretClient
) -> None:
    client.set_secret("principal", "one")
    local_azure.add_fault("forbid", operation="KeyVault_GetSecret")
    with pytest.raises(HttpResponseError, match="not authorized to perform action") as refused:
        client.get_secret("principal")
    assert refused.value.error is not None
    assert refused.value.error.innererror == {"code": "ForbiddenByRbac"}
    local_azure.add_fault("throttle", path="/vaults/keys/secrets/principal", retry_after=3)
    with pytest.raises(HttpResponseError, match="too many requests") as throttled:
        client.get_secret("principal")
    assert throttled.value.status_code == 429
    assert client.get_secret("principal").value == "one"


def test_a_vault_that_was_deleted_answers_no_more_and_comes_back_with_its_secrets(
    local_azure: LocalAzureForTests, client: SecretClient
) -> None:
    client.set_secret("principal", "one")
    delete_vault(local_azure, make_vault(local_azure))
    with pytest.raises(ResourceNotFoundError, match="VaultNotFound"):
        client.get_secret("principal")
    make_vault(local_azure, createMode="recover")
    assert client.get_secret("principal").value == "one"


def test_a_private_vault_shuts_out_who_calls_from_outside(local_azure: LocalAzureForTests) -> None:
    make_vault(local_azure, publicNetworkAccess="Disabled")
    with (
        SecretClient(VAULT, _Credential(local_azure), transport=_Here(local_azure), retry_total=0) as client,
        pytest.raises(HttpResponseError, match="Public network access is disabled"),
    ):
        client.get_secret("principal")
