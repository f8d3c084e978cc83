import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
import yaml
from sqlalchemy import text

from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.kubeconfig import parse
from app.models import Base, Cluster
from tests.support.credentials import (
    USER,
    YAML,
    answer_with,
    events,
    path_of,
    rows,
    update,
)
from tests.support.kubeconfigs import Authority, dump, entra_login, local_document
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served, counted


def database_files(folder: Path) -> str:
    return "".join(file.read_bytes().decode(errors="replace") for file in folder.glob("slipway.sqlite3*"))


async def test_a_kubeconfig_opens_the_cluster(served: Served, cluster: Cluster) -> None:
    answer = await served.request("POST", path_of(cluster))

    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["kind"], body["issued_to"], body["reason"], body["secret_state"]) == (
        "user",
        "operator",
        None,
        "shown",
    )
    assert datetime.fromisoformat(body["expires_at"]) > datetime.now(UTC) + timedelta(days=300)
    assert "cannot revoke" in body["notes"][0]
    assert body["context"] == f"prod-{cluster.id.removeprefix('cls_')}"

    written = body["kubeconfig"].encode()
    assert yaml.safe_load(written)["current-context"] == body["context"]
    fqdn = (cluster.observed or {})["fqdn"]
    gateway = KubernetesGateway.open(served.parts.settings.kubernetes)
    async with gateway.connect(await gateway.read_kubeconfig(written, fqdns=[fqdn])) as client:
        assert await client.ready()


async def test_a_cluster_may_be_named(served: Served, cluster: Cluster) -> None:
    answer = await served.request("POST", "/v1/clusters/prod/credentials", json={"kind": "user"})
    assert answer.status_code == 201
    assert answer.json()["cluster_id"] == cluster.id


async def test_the_kubeconfig_alone_is_yaml(served: Served, cluster: Cluster) -> None:
    answer = await served.request("POST", path_of(cluster), Accept=YAML)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (201, YAML)
    assert answer.headers["cache-control"] == "no-store"
    assert yaml.safe_load(answer.text)["kind"] == "Config"
    assert await rows(served.database) == 1


async def test_who_took_what_is_recorded_and_told(served: Served, cluster: Cluster) -> None:
    """trouble 33"""
    for reason in ("first", "second", "third"):
        await served.request("POST", path_of(cluster), json={"reason": reason})
    first_page = (await served.get(f"{path_of(cluster)}?limit=2")).json()
    assert [item["reason"] for item in first_page["items"]] == ["third", "second"]
    assert "kubeconfig" not in first_page["items"][0]
    rest = (await served.get(f"{path_of(cluster)}?limit=2&cursor={first_page['next_cursor']}")).json()
    assert [item["reason"] for item in rest["items"]] == ["first"]
    assert rest["next_cursor"] is None

    recorded = await events(served.database)
    assert [name for name, _ in recorded] == ["credential.issued"] * 3
    assert recorded[0][1]["credential_id"] == rest["items"][0]["id"]
    assert recorded[0][1]["issued_to"] == "operator"


async def test_a_repeat_has_no_secret(served: Served, cluster: Cluster, local_azure: LocalAzureForTests) -> None:
    with counted(local_azure, USER) as asked:
        first = await served.request("POST", path_of(cluster), Idempotency_Key="k1")
        again = await served.request("POST", path_of(cluster), Idempotency_Key="k1")
    assert asked == [1]
    assert first.json()["kubeconfig"]
    assert again.status_code == 201
    assert again.json() == first.json() | {"kubeconfig": None, "secret_state": "shown_once"}
    assert await rows(served.database) == 1


async def test_a_repeat_that_asks_for_yaml_is_told_so(served: Served, cluster: Cluster) -> None:
    first = await served.request("POST", path_of(cluster), Idempotency_Key="k1", Accept=YAML)
    again = await served.request("POST", path_of(cluster), Idempotency_Key="k1", Accept=YAML)
    assert first.status_code == 201
    assert (again.status_code, again.json()["code"]) == (409, "secret_shown_once")
    assert await rows(served.database) == 1


async def test_the_secret_is_kept_nowhere(
    served: Served, cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """trouble 36"""
    with structlog.testing.capture_logs() as logs:
        answer = await served.request("POST", path_of(cluster), Idempotency_Key="k1")
        await served.request("POST", path_of(cluster), Idempotency_Key="k2", Accept=YAML)
    user = yaml.safe_load(answer.json()["kubeconfig"])["users"][0]["user"]
    secrets = [
        user["token"],
        user["client-key-data"],
        base64.b64decode(user["client-key-data"]).decode().split("\n")[1],
    ]

    kept = repr(logs) + "".join(capsys.readouterr())
    async with served.database.read() as session:
        for table in Base.metadata.sorted_tables:
            kept += repr((await session.execute(text(f"SELECT * FROM {table.name}"))).all())  # noqa: S608
    kept += database_files(tmp_path)
    assert cluster.id in kept
    assert not [secret for secret in secrets if secret in kept]


async def test_entra_users_log_in_without_a_person(
    served: Served, cluster: Cluster, local_azure: LocalAzureForTests
) -> None:
    """troubles 32, 37"""
    authority = Authority()
    document = local_document(authority, authority.sign("x"), fqdn=(cluster.observed or {})["fqdn"])
    document["users"][0]["user"] = entra_login()
    answer_with(local_azure, dump(document))
    answer = await served.request("POST", path_of(cluster), json={"login": "workloadidentity"})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["expires_at"] is None
    assert "kubelogin" in body["notes"][0]
    command = yaml.safe_load(body["kubeconfig"])["users"][0]["user"]["exec"]
    assert command["args"][:3] == ["get-token", "--login", "workloadidentity"]


async def test_two_clusters_kubeconfigs_can_be_merged(served: Served, cluster: Cluster) -> None:
    """trouble 34: even when the second cluster has the first one's name, after it."""
    first = (await served.request("POST", path_of(cluster))).json()
    await update(served, cluster, deleted_at=served.clock.now())
    again = await served.add_cluster("prod-2", observed=cluster.observed)
    await update(served, again, name="prod", azure_name="prod", resource_group="group-prod")
    second = (await served.request("POST", path_of(again))).json()
    assert first["context"] != second["context"]
    fqdn = (cluster.observed or {})["fqdn"]
    again_read = parse(second["kubeconfig"].encode(), fqdns=[fqdn], allowed_server_hosts=["127.0.0.1"])
    assert again_read.user == second["context"]
