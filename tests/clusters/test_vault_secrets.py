"""A service principal's secret that lies in a Key Vault: read when it is sent to Azure, and kept nowhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.emulator.core.exchange import Call
from app.emulator.providers.containerservice import cluster_documents
from tests.clusters.test_secrets import PRINCIPAL, everything
from tests.support.vaults import make_vault, put_secret, secret_id
from tests.support.whole import CLUSTER, Slipway

OWN = "/v1/clusters/blue"
FIRST, SECOND = "Planted-In-Vault-0815", "Planted-In-Vault-4711"

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def _principal(secret: str | None = None) -> dict[str, Any]:
    return {"client_id": PRINCIPAL, "secret": {"key_vault_secret_id": secret or secret_id()}}


def _identity(secret: str | None = None) -> dict[str, Any]:
    return {"type": "ServicePrincipal", "service_principal": _principal(secret)}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The secrets that the local Azure hears, in order."""
    heard: list[str | None] = []
    check, document_of = cluster_documents._check_profiles, Call.document

    def listen(properties: dict[str, Any]) -> None:
        heard.append((properties.get("servicePrincipalProfile") or {}).get("secret"))
        check(properties)

    def listen_to_resets(call: Call) -> dict[str, Any]:
        document = document_of(call)
        if call.operation.endswith("ResetServicePrincipalProfile"):
            heard.append(document["secret"])
        return document

    monkeypatch.setattr(cluster_documents, "_check_profiles", listen)
    monkeypatch.setattr(Call, "document", listen_to_resets)
    return heard


async def test_it_reaches_azure_at_create_and_at_a_reset_and_is_found_nowhere_else(
    slipway: Slipway, sent: list[str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    make_vault(slipway.azure)
    ends_at = datetime.now(UTC) + timedelta(days=20)
    put_secret(slipway.azure, FIRST, ends_at=ends_at)

    job = await slipway.create(identity=_identity())

    assert job["state"] == "succeeded", job
    shown = (await slipway.cluster())["identity"]["service_principal"]["secret"]
    assert shown == {"key_vault_secret_id": secret_id(), "setting": None}
    ends = [each for each in (await slipway.cluster())["conditions"] if each["type"] == "SecretValid"]
    assert [(each["status"], each["reason"]) for each in ends] == [("True", "EndsWithin30Days")]
    assert f"{ends_at:%Y-%m-%d}" in ends[0]["message"]
    told = [each for each in await slipway.events() if each["data"].get("type") == "SecretValid"]
    assert [each["type"] for each in told] == ["cluster.condition_changed"]

    # The vault has a new version, which the id without one means.
    put_secret(slipway.azure, SECOND)
    reset = await slipway.done("POST", f"{OWN}:reset-service-principal", {"service_principal": _principal()})

    assert sent[0] == FIRST
    assert sent[-1] == SECOND
    assert "SecretValid" not in [each["type"] for each in (await slipway.cluster())["conditions"]]
    async with slipway.parts.database.read() as session:
        rows = await (await session.connection()).run_sync(everything)
    steps = [str(await slipway.steps(each["id"])) for each in (job, reset)]
    told_to_callers = [str(await slipway.cluster()), str(await slipway.events()), str(job), str(reset), *steps]
    everywhere = [rows, *capsys.readouterr(), *told_to_callers]
    assert secret_id() in rows
    assert not any(secret in each for each in everywhere for secret in (FIRST, SECOND))


@pytest.mark.parametrize(
    ("trouble", "code", "error_class"),
    [
        ("missing", "azure_key_vault_secret_not_found", "configuration"),
        ("disabled", "azure_key_vault_secret_disabled", "configuration"),
        ("expired", "azure_key_vault_secret_expired", "configuration"),
        ("forbidden", "azure_key_vault_denied", "permission"),
    ],
)
async def test_what_is_wrong_with_it_fails_the_create_before_anything_is_made(
    slipway: Slipway, trouble: str, code: str, error_class: str
) -> None:
    make_vault(slipway.azure)
    if trouble != "missing":
        past = datetime.now(UTC) - timedelta(days=1)
        put_secret(slipway.azure, FIRST, enabled=trouble != "disabled", ends_at=past if trouble == "expired" else None)
    if trouble == "forbidden":
        slipway.azure.add_fault("forbid", operation="KeyVault_GetSecret", count=None)

    job = await slipway.create(identity=_identity())

    assert (job["state"], job["problem"]["code"], job["problem"]["class"]) == ("failed", code, error_class)
    assert job["problem"]["remedy"]
    assert slipway.puts() == 0
    assert not any("/slipway-" in each for each in slipway.leftovers())
    assert FIRST not in str(job)

    # Who can do it has put it right: the same job goes through.
    slipway.azure.clear_faults()
    put_secret(slipway.azure, SECOND)
    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["state"] == "succeeded", again


async def test_a_reset_that_the_vault_refuses_leaves_the_cluster_as_it_is(
    slipway: Slipway, sent: list[str | None]
) -> None:
    make_vault(slipway.azure)
    put_secret(slipway.azure, FIRST)
    await slipway.create(identity=_identity())
    gone = secret_id(name="other")
    heard = len(sent)
    body = {"service_principal": _principal(gone)}

    job = await slipway.ended(await slipway.accepted("POST", f"{OWN}:reset-service-principal", body))

    assert (job["state"], job["problem"]["code"]) == ("failed", "azure_key_vault_secret_not_found")
    assert len(sent) == heard
    cluster = await slipway.cluster()
    assert cluster["state"] == "ready"
    assert cluster["identity"]["service_principal"]["secret"]["key_vault_secret_id"] == secret_id()


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("https://keys.vault.azure.cn/secrets/sp", "not_a_key_vault"),
        ("https://keys.vault.azure.net.evil.example/secrets/sp", "not_a_key_vault"),
        ("https://keys.vault.azure.net/keys/sp", "wrong_format"),
        ("https://keys.vault.azure.net/secrets/sp?x=y", "wrong_format"),
        ("http://keys.vault.azure.net/secrets/sp", "wrong_format"),
    ],
)
async def test_an_id_of_no_vault_of_this_cloud_is_refused_and_nobody_is_asked(
    idle_slipway: Slipway, named: str, code: str
) -> None:
    answer = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, "identity": _identity(named)})

    at = "/identity/service_principal/secret/key_vault_secret_id"
    assert answer.status_code == 422
    assert (code, at) in {(each["code"], each["pointer"]) for each in answer.json()["errors"]}
    assert idle_slipway.azure.requests(operation="KeyVault_*") == []
