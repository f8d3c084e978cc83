import pytest

from app.core.ids import Prefix, new_id
from app.credentials.live import CredentialSource
from app.credentials.service import Grant
from app.kubernetes.types import Kubeconfig
from app.models import Cluster, ClusterState, Job, JobState, Role
from tests.support.credentials import (
    ADMIN,
    USER,
    YAML,
    answer_with,
    events,
    make_cluster,
    observed,
    path_of,
    rows,
    update,
)
from tests.support.database import ONE_DATABASE
from tests.support.kubeconfigs import base64_text
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served, counted

pytestmark = ONE_DATABASE


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
async def test_without_local_accounts_the_users_kubeconfig_takes_the_admins_place(
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
    issued = answer.json()
    assert (answer.status_code, issued["kind"]) == (201, "user")
    assert "no admin account" in issued["notes"][0]
    assert not issued["context"].endswith("-admin")
    assert await rows(served.database) == 1


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


async def test_when_azure_asks_to_wait_longer_than_a_request_may_the_caller_hears_how_long(
    served: Served, cluster: Cluster, local_azure: LocalAzureForTests
) -> None:
    """Trouble 85: Retry-After is passed on, and Azure is not asked again before, whoever asks."""
    local_azure.add_fault("throttle", operation=USER, retry_after=36)
    with counted(local_azure, USER) as asked:
        first = await served.request("POST", path_of(cluster))
        second = await served.request("POST", path_of(cluster))
    assert (first.status_code, first.json()["code"]) == (503, "azure_throttled")
    assert first.headers["retry-after"] == "36"
    assert second.status_code == 503
    assert asked == [1]
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
