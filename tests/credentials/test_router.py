import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from sqlalchemy import func, select, text

from app.core.ids import Prefix, new_id
from app.credentials.live import CredentialSource
from app.credentials.service import Grant
from app.db.engine import Database
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.kubeconfig import parse
from app.kubernetes.types import Kubeconfig
from app.models import Base, Cluster, ClusterState, Credential, Event, Job, JobState, Role
from tests.credentials.conftest import make_cluster, observed
from tests.support.kubeconfigs import Authority, base64_text, dump, entra_login, local_document
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served, counted

USER = "ManagedClusters_ListClusterUserCredentials"
ADMIN = "ManagedClusters_ListClusterAdminCredentials"
YAML = "application/yaml"


def path_of(cluster: Cluster) -> str:
    return f"/v1/clusters/{cluster.id}/credentials"


async def rows(database: Database) -> int:
    async with database.read() as session:
        return (await session.scalar(select(func.count()).select_from(Credential))) or 0


async def events(database: Database) -> list[tuple[str, dict[str, Any]]]:
    async with database.read() as session:
        found = await session.scalars(select(Event).order_by(Event.sequence))
        return [(event.type, event.data) for event in found]


async def update(served: Served, cluster: Cluster, **fields: object) -> None:
    async with served.database.write() as session:
        found = await session.get_one(Cluster, cluster.id)
        for name, value in fields.items():
            setattr(found, name, value)


def answer_with(azure: LocalAzureForTests, document: bytes, operation: str = USER) -> None:
    body = {"kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(document).decode()}]}
    azure.add_fault("error", operation=operation, status=200, body=body)


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


async def test_another_form_does_not_exist(served: Served, cluster: Cluster) -> None:
    answer = await served.request("POST", path_of(cluster), Accept="text/html")
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert await rows(served.database) == 0


async def test_admin_needs_the_role_and_a_reason(
    served: Served, cluster: Cluster, local_azure: LocalAzureForTests
) -> None:
    """trouble 32: the admin's kubeconfig is never the default."""
    wanted = {"kind": "admin", "reason": "the webhook blocks everything"}
    with counted(local_azure, ADMIN) as asked:
        lesser = await served.request("POST", path_of(cluster), json=wanted)
        silent = await served.request("POST", path_of(cluster), role=Role.ADMIN, json={"kind": "admin"})
    assert (lesser.status_code, lesser.json()["code"]) == (403, "permission_denied")
    assert (silent.status_code, silent.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert asked == [0]

    answer = await served.request("POST", path_of(cluster), role=Role.ADMIN, json=wanted)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["kind"], body["reason"]) == ("admin", "the webhook blocks everything")
    assert body["context"] == f"prod-{cluster.id.removeprefix('cls_')}-admin"


async def test_a_reader_gets_none_and_a_stranger_sees_nothing(served: Served, cluster: Cluster) -> None:
    assert (await served.request("POST", path_of(cluster), role=Role.READER)).status_code == 403
    assert (await served.http.post(path_of(cluster))).status_code == 401
    missing = await served.request("POST", f"/v1/clusters/{new_id(Prefix.CLUSTER)}/credentials")
    assert missing.status_code == 404
    assert await rows(served.database) == 0


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


@pytest.mark.parametrize(
    "state", [ClusterState.CREATING, ClusterState.DELETING, ClusterState.FAILED, ClusterState.LOST]
)
async def test_a_cluster_that_is_not_ready_gives_none(
    served: Served, cluster: Cluster, local_azure: LocalAzureForTests, state: ClusterState
) -> None:
    await update(served, cluster, state=state)
    with counted(local_azure, USER) as asked:
        answer = await served.request("POST", path_of(cluster))
    assert (answer.status_code, answer.json()["code"]) == (409, "cluster_not_ready")
    assert state in answer.json()["detail"]
    assert asked == [0]


async def test_a_cluster_that_is_being_made_names_its_job(served: Served) -> None:
    cluster = await served.add_cluster(state=ClusterState.CREATING)
    now = served.clock.now()
    job = Job(
        id=new_id(Prefix.JOB),
        project_id=served.project_id,
        kind="cluster.create",
        target_type="cluster",
        target_id=cluster.id,
        target_name=cluster.name,
        partition=cluster.id,
        state=JobState.RUNNING,
        requested_by="test",
        created_at=now,
        deadline_seconds=3600,
    )
    async with served.database.write() as session:
        session.add(job)
    problem = (await served.request("POST", path_of(cluster))).json()
    assert problem["code"] == "cluster_not_ready"
    assert job.id in problem["detail"]
    assert job.id in problem["remedy"]


async def test_a_cluster_that_is_being_changed_still_gives_one(served: Served, cluster: Cluster) -> None:
    await update(served, cluster, state=ClusterState.UPDATING)
    assert (await served.request("POST", path_of(cluster))).status_code == 201


@pytest.mark.parametrize("known", [True, False])
async def test_without_local_accounts_there_is_no_admin(
    served: Served, cluster: Cluster, local_azure: LocalAzureForTests, known: bool
) -> None:
    """trouble 37: whether Slipway has seen it yet or only Azure knows."""
    if known:
        await update(served, cluster, observed={**(cluster.observed or {}), "local_accounts_disabled": True})
    else:
        message = "Getting static credential is not allowed because this cluster is set to disable local accounts."
        local_azure.add_fault("error", operation=ADMIN, status=400, code="BadRequest", message=message)
    wanted = {"kind": "admin", "reason": "r"}
    answer = await served.request("POST", path_of(cluster), role=Role.ADMIN, json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (409, "local_accounts_disabled")
    assert "kind: user" in answer.json()["remedy"]
    assert await rows(served.database) == 0


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


async def test_another_clusters_kubeconfig_is_refused(
    served: Served, cluster: Cluster, local_azure: LocalAzureForTests
) -> None:
    other = await served.add_cluster("other", observed=observed(await make_cluster(served, "other")))
    theirs = (await served.request("POST", path_of(other), Accept=YAML)).content
    answer_with(local_azure, theirs)
    answer = await served.request("POST", path_of(cluster), Idempotency_Key="k1")
    assert (answer.status_code, answer.json()["code"]) == (502, "untrusted_kubeconfig")
    assert await rows(served.database) == 1
    assert (await events(served.database))[-1] == (
        "credential.refused",
        {"kind": "user", "asked_by": "operator", "code": "untrusted_kubeconfig"},
    )
    # A failed request gives its key back.
    local_azure.clear_faults()
    assert (await served.request("POST", path_of(cluster), Idempotency_Key="k1")).status_code == 201


@pytest.mark.parametrize(
    "document",
    [b"", b"\xff", b"a: &a [*a]", b"token: planted-secret", base64_text("planted-secret").encode()],
)
async def test_a_refused_document_is_not_quoted(
    served: Served, cluster: Cluster, local_azure: LocalAzureForTests, document: bytes
) -> None:
    answer_with(local_azure, document)
    answer = await served.request("POST", path_of(cluster))
    assert answer.status_code in {502, 503}
    assert "planted" not in answer.text
    assert await rows(served.database) == 0


async def test_what_azure_says_is_told(served: Served, cluster: Cluster, local_azure: LocalAzureForTests) -> None:
    local_azure.add_fault("error", operation=USER, status=403, code="AuthorizationFailed", message="no")
    answer = await served.request("POST", path_of(cluster))
    assert answer.status_code == 502
    assert answer.json()["azure"]["code"] == "AuthorizationFailed"
    assert await rows(served.database) == 0


async def test_nothing_leaves_when_the_record_cannot_be_written(
    served: Served, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = CredentialSource.read

    async def read_and_lose_the_cluster(source: CredentialSource, grant: Grant) -> Kubeconfig:
        found = await read(source, grant)
        await update(served, cluster, state=ClusterState.DELETING)
        return found

    monkeypatch.setattr(CredentialSource, "read", read_and_lose_the_cluster)
    answer = await served.request("POST", path_of(cluster))
    assert (answer.status_code, answer.json()["code"]) == (409, "cluster_not_ready")
    assert await rows(served.database) == 0


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


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "root"}, "/kind"),
        ({"reason": ""}, "/reason"),
        ({"reason": "x" * 501}, "/reason"),
        ({"reason": "a\u202eb"}, "/reason"),
        ({"login": "devicecode"}, "/login"),
        ({"expires_at": "2030-01-01T00:00:00Z"}, "/expires_at"),
    ],
)
async def test_a_wrong_body_is_pointed_at(served: Served, cluster: Cluster, body: dict[str, str], pointer: str) -> None:
    answer = await served.request("POST", path_of(cluster), json=body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
