"""Secrets of creates and PATCHes: given and sealed until Azure has them, made and kept nowhere, or named."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Connection, func, inspect, select, text

from app.core.sealing import SealBrokenError, seal, unseal
from app.emulator.providers.containerservice import cluster_documents
from app.models import Cluster, SealedSecret
from tests.clusters.patching import bodies, in_azure, patch, sent_otherwise
from tests.support.whole import CLUSTER, Slipway, start_worker

PLANTED = "Planted-Secret-0815"
POOLS = [
    {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 1},
    {"name": "win", "os_type": "Windows", "size": "Standard_D4s_v5", "count": 1},
]
WINDOWS = {"node_count": None, "node_size": None, "node_pools": POOLS}
PRINCIPAL = "00000000-0000-0000-0000-00000000000a"


@pytest.fixture
def told_to_azure(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The properties of each PUT of a cluster, as the local Azure hears them, secrets too."""
    heard: list[dict[str, Any]] = []
    check = cluster_documents._check_profiles

    def listen(properties: dict[str, Any]) -> None:
        heard.append({name: dict(properties.get(name) or {}) for name in ("windowsProfile", "servicePrincipalProfile")})
        check(properties)

    monkeypatch.setattr(cluster_documents, "_check_profiles", listen)
    return heard


async def _sealed(slipway: Slipway) -> int:
    async with slipway.parts.database.read() as session:
        return await session.scalar(select(func.count()).select_from(SealedSecret)) or 0


def everything(connection: Connection) -> str:
    """All rows of all tables, DBOS's too."""
    schemas: list[str | None] = [None]
    if connection.dialect.name == "postgresql":
        schemas += [name for name in inspect(connection).get_schema_names() if name != "information_schema"]
    rows = []
    for schema in schemas:
        for table in inspect(connection).get_table_names(schema):
            name = f'"{schema}"."{table}"' if schema else f'"{table}"'
            rows += [str(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {name}"))]  # noqa: S608
    return "\n".join(rows)


async def test_a_password_that_was_given_reaches_azure_and_is_found_nowhere_else(
    slipway: Slipway, told_to_azure: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    job = await slipway.create(**WINDOWS, windows_password=PLANTED, windows={"username": "ops"})

    assert job["state"] == "succeeded", job
    assert told_to_azure[0]["windowsProfile"] == {"adminUsername": "ops", "adminPassword": PLANTED}
    assert await _sealed(slipway) == 0
    async with slipway.parts.database.read() as session:
        rows = await (await session.connection()).run_sync(everything)
    assert "blue" in rows
    told = [rows, *capsys.readouterr(), str(await slipway.events()), str(job), str(await slipway.steps(job["id"]))]
    assert not any(PLANTED in each for each in [*told, str(await slipway.cluster())])


async def test_while_it_waits_it_lies_sealed(idle_slipway: Slipway, told_to_azure: list[dict[str, Any]]) -> None:
    job_id = await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, **WINDOWS, "windows_password": PLANTED})

    async with idle_slipway.parts.database.read() as session:
        rows = await (await session.connection()).run_sync(everything)
    assert await _sealed(idle_slipway) == 1
    assert PLANTED not in rows

    # The operator puts a new key before the one under which it lies.
    idle_slipway.parts.settings.secrets.keys.insert(0, SecretStr(Fernet.generate_key().decode()))
    idle_slipway.worker = await start_worker(idle_slipway.parts)
    assert (await idle_slipway.ended(job_id))["state"] == "succeeded"
    assert told_to_azure[0]["windowsProfile"]["adminPassword"] == PLANTED


async def test_without_one_a_password_is_made_for_each_put(
    slipway: Slipway, told_to_azure: list[dict[str, Any]]
) -> None:
    await slipway.create(**WINDOWS)
    await slipway.create(**WINDOWS, name="green")

    made = [each["windowsProfile"]["adminPassword"] for each in told_to_azure]
    assert len(set(made)) == len(made) == 2
    async with slipway.parts.database.read() as session:
        rows = await (await session.connection()).run_sync(everything)
    assert not any(each in rows for each in made)


async def test_a_create_that_fails_erases_the_password_and_its_retry_says_so(slipway: Slipway) -> None:
    slipway.azure.add_fault(
        "error", operation="ManagedClusters_CreateOrUpdate", status=400, code="SkuNotAvailable", message="no", count=1
    )

    job = await slipway.create(**WINDOWS, windows_password=PLANTED)
    assert job["state"] == "failed", job
    assert await _sealed(slipway) == 0

    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{job['id']}:retry"))
    assert again["problem"]["code"] == "windows_password_erased"


async def test_another_password_reaches_azure_by_itself_and_is_found_nowhere_else(
    slipway: Slipway, told_to_azure: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    await slipway.create(**WINDOWS, windows={"username": "ops"})

    with bodies() as seen:
        made = await patch(slipway, windows_password=PLANTED, tags={"team": "shop"})

    assert made["end"]["state"] == "succeeded", made["end"]
    assert made["changes"][1:] == [{"op": "replace", "path": "/windows_password", "value": None}]
    otherwise = [sent_otherwise(*each) for each in seen]
    assert otherwise == [{"/tags/team": "shop"}, {"/properties/windowsProfile/adminPassword": PLANTED}]
    assert told_to_azure[-1]["windowsProfile"]["adminUsername"] == "ops"
    assert await _sealed(slipway) == 0
    async with slipway.parts.database.read() as session:
        rows = await (await session.connection()).run_sync(everything)
    told = [rows, *capsys.readouterr(), str(await slipway.events()), str(made)]
    told += [str(await slipway.steps(made["end"]["id"])), str(await slipway.cluster()), str(await in_azure(slipway))]
    assert not any(PLANTED in each for each in told)


async def test_each_password_is_a_change_and_none_is_taken_by_the_job_before(
    idle_slipway: Slipway, told_to_azure: list[dict[str, Any]]
) -> None:
    """A password cannot be compared, so the same one is sent again."""
    created = await idle_slipway.accepted("POST", "/v1/clusters", {**CLUSTER, **WINDOWS})
    idle_slipway.worker = await start_worker(idle_slipway.parts)
    assert (await idle_slipway.ended(created))["state"] == "succeeded"
    sent = [PLANTED, PLANTED, f"{PLANTED}-2"]
    jobs = [await idle_slipway.accepted("PATCH", "/v1/clusters/blue", {"windows_password": each}) for each in sent]

    assert [(await idle_slipway.ended(job))["state"] for job in jobs] == ["succeeded"] * 3
    assert [each["windowsProfile"]["adminPassword"] for each in told_to_azure[1:]] == sent
    assert await _sealed(idle_slipway) == 0


async def test_while_another_password_waits_it_lies_sealed_and_goes_with_its_job(slipway: Slipway) -> None:
    await slipway.create(**WINDOWS)
    assert slipway.worker is not None
    await slipway.worker.stop()
    job = await slipway.accepted("PATCH", "/v1/clusters/blue", {"windows_password": PLANTED})

    async with slipway.parts.database.read() as session:
        rows = await (await session.connection()).run_sync(everything)
    assert await _sealed(slipway) == 1
    assert PLANTED not in rows

    assert (await slipway.ask("POST", f"/v1/jobs/{job}:cancel")).status_code < 300
    slipway.worker = await start_worker(slipway.parts)
    assert (await slipway.ended(job))["state"] == "canceled"
    assert await _sealed(slipway) == 0


async def test_a_password_whose_put_was_not_answered_is_sent_once(slipway: Slipway) -> None:
    """Each would have Azure replace all Windows nodes."""
    await slipway.create(**WINDOWS)
    slipway.azure.add_fault("reset_after", operation="ManagedClusters_CreateOrUpdate", count=1)
    await slipway.done("PATCH", "/v1/clusters/blue", {"windows_password": PLANTED})
    taken = slipway.azure.requests(operation="ManagedClusters_CreateOrUpdate", effect="updated")
    assert len(taken) == 1


async def test_null_has_a_password_made_for_azure(slipway: Slipway, told_to_azure: list[dict[str, Any]]) -> None:
    await slipway.create(**WINDOWS, windows_password=PLANTED)

    made = await patch(slipway, windows_password=None, options={"wait_for": "accepted"})

    assert made["end"]["outcome"] == {"accepted": True}
    password = told_to_azure[-1]["windowsProfile"]["adminPassword"]
    assert password not in {PLANTED, None}
    async with slipway.parts.database.read() as session:
        assert password not in await (await session.connection()).run_sync(everything)


async def test_a_password_for_a_pool_of_windows_nodes_that_came_later(
    slipway: Slipway, told_to_azure: list[dict[str, Any]]
) -> None:
    await slipway.create()
    answer = await slipway.ask("PATCH", "/v1/clusters/blue", {"windows_password": PLANTED})
    assert [(each["code"], each["pointer"]) for each in answer.json()["errors"]] == [
        ("no_windows_administrator", "/windows_password")
    ]
    assert (await slipway.ask("PATCH", "/v1/clusters/blue", {"windows_password": None})).json()["job"] is None
    pool = {"name": "win", "os_type": "Windows", "size": "Standard_D4s_v5", "count": 1}
    added = await slipway.accepted("POST", "/v1/clusters/blue/node-pools", pool)
    assert (await slipway.ended(added))["state"] == "succeeded"

    made = await patch(slipway, windows_password=PLANTED)

    assert made["end"]["state"] == "succeeded", made["end"]
    assert told_to_azure[-1]["windowsProfile"]["adminPassword"] == PLANTED


async def test_a_patch_that_fails_erases_the_password_and_its_retry_says_so(slipway: Slipway) -> None:
    await slipway.create(**WINDOWS)
    slipway.azure.add_fault(
        "error", operation="ManagedClusters_CreateOrUpdate", status=400, code="InvalidParameter", message="no", count=1
    )

    made = await patch(slipway, windows_password=PLANTED)
    assert made["end"]["state"] == "failed", made["end"]
    assert await _sealed(slipway) == 0

    again = await slipway.ended(await slipway.accepted("POST", f"/v1/jobs/{made['end']['id']}:retry"))
    assert again["problem"]["code"] == "windows_password_erased"
    assert "PATCH" in again["problem"]["remedy"]


async def test_a_patch_brings_no_password_that_cannot_be_sealed_or_that_azure_would_refuse(slipway: Slipway) -> None:
    await slipway.create(**WINDOWS)
    simple = await slipway.ask("PATCH", "/v1/clusters/blue", {"windows_password": "only-small-letters"})
    assert [each["code"] for each in simple.json()["errors"]] == ["password_too_simple"]
    assert "only-small-letters" not in simple.text

    slipway.parts.settings.secrets.keys.clear()
    answer = await slipway.ask("PATCH", "/v1/clusters/blue", {"windows_password": PLANTED})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_sealing_key")
    assert (await slipway.cluster())["current_job"] is None


async def test_without_a_key_in_the_settings_a_password_is_refused_and_nothing_is_made(idle_slipway: Slipway) -> None:
    idle_slipway.parts.settings.secrets.keys.clear()

    answer = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, "windows_password": PLANTED})

    assert (answer.status_code, answer.json()["code"]) == (409, "no_sealing_key")
    assert "SLIPWAY_SECRETS__KEYS" in answer.json()["remedy"]
    async with idle_slipway.parts.database.read() as session:
        assert (await session.scalars(select(Cluster))).all() == []


def test_a_key_may_go_when_nothing_lies_under_it() -> None:
    old, new = (SecretStr(Fernet.generate_key().decode()) for _ in range(2))
    sealed = seal(SecretStr(PLANTED), [old])

    assert unseal(sealed, [new, old]) == PLANTED
    with pytest.raises(SealBrokenError):
        unseal(sealed, [new])
    with pytest.raises(SealBrokenError):
        unseal(sealed, [])


async def test_a_service_principals_secret_comes_from_the_settings(
    slipway: Slipway, told_to_azure: list[dict[str, Any]]
) -> None:
    principal = {"client_id": PRINCIPAL, "secret": {"setting": "principal"}}
    identity = {"type": "ServicePrincipal", "service_principal": principal}

    job = await slipway.create(identity=identity)

    assert job["state"] == "succeeded", job
    sent = told_to_azure[0]["servicePrincipalProfile"]
    assert sent == {"clientId": PRINCIPAL, "secret": "named-in-the-settings"}
    async with slipway.parts.database.read() as session:
        rows = await (await session.connection()).run_sync(everything)
    assert "named-in-the-settings" not in rows
    assert (await slipway.cluster())["identity"]["service_principal"]["secret"]["setting"] == "principal"


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"windows_password": "short"}, "wrong_length", "/windows_password"),
        ({"windows_password": "only-small-letters"}, "password_too_simple", "/windows_password"),
        ({"windows_password": "Bell-\x07-rings-0815"}, "control_character", "/windows_password"),
        ({"windows_password": 12345678901234}, "wrong_type", "/windows_password"),
        (
            {
                "identity": {
                    "type": "ServicePrincipal",
                    "service_principal": {"client_id": PRINCIPAL, "secret": {"setting": "nobody"}},
                }
            },
            "unknown_secret_setting",
            "/identity/service_principal/secret/setting",
        ),
    ],
)
async def test_what_is_wrong_with_a_secret_is_said_without_it(
    idle_slipway: Slipway, change: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, **change})

    assert answer.status_code == 422
    assert (code, pointer) in {(each["code"], each["pointer"]) for each in answer.json()["errors"]}
    assert str(change.get("windows_password", "nothing")) not in answer.text
