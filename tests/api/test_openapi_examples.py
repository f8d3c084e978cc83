"""The document's promises: every operation is described, and its examples are requests that are accepted."""

import asyncio
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select

from app.api.problems import MEDIA_TYPE
from app.db.engine import Database
from app.models import Cluster
from tests.support.api import make_app
from tests.support.operations import DOCUMENT, OPERATIONS, Operation
from tests.support.whole import Slipway, reading, start_worker

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def test_the_committed_document_is_what_the_application_serves(database: Database) -> None:
    assert make_app(database).openapi() == DOCUMENT


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_operation_says_what_it_does_and_how_it_fails(operation: Operation, database_kind: str) -> None:
    assert operation.described["summary"]
    assert operation.described["description"]
    assert operation.described["tags"]
    failures = {status: answer for status, answer in operation.described["responses"].items() if int(status) >= 400}
    if operation.needs_key:
        assert {"401", "403", "404", "422", "500", "503"} <= set(failures)
        for status, answer in failures.items():
            assert list(answer["content"]) == [MEDIA_TYPE], status
            assert "`" in answer["description"], f"{status} names no code"


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_operation_can_be_tried_by_its_examples(operation: Operation, database_kind: str) -> None:
    assert operation.bodies()
    assert "{" not in operation.example_path()


class Sender:
    """Sends operations as the document shows them, and keeps which were sent."""

    def __init__(self, slipway: Slipway) -> None:
        self.slipway = slipway
        self.sent: set[str] = set()

    async def send(self, name: str, *, caller: str | None = None, **made: str) -> dict[str, Any]:
        """Send each example of an operation; return the last answer."""
        operation = OPERATIONS[name]
        answer = None
        for body in operation.bodies():
            path = f"{operation.example_path(**made)}?{urlencode(operation.example_query())}"
            answer = await self.slipway.ask(operation.method, path, body, key=caller)
            responses = operation.described["responses"]
            assert str(answer.status_code) in [status for status in responses if status < "300"], answer.text
            assert responses[str(answer.status_code)].get("headers", {}).keys() <= set(map(str.title, answer.headers))
        assert answer is not None
        self.sent.add(name)
        is_json = answer.headers.get("content-type") == "application/json"
        return dict(answer.json()) if is_json else {}

    async def done(self, name: str, **made: str) -> dict[str, Any]:
        """Send an operation and see its job end well; its outcome."""
        job = await self.slipway.ended((await self.send(name, **made))["job"]["id"])
        assert job["state"] == "succeeded", job
        outcome: dict[str, Any] = job["outcome"]
        return outcome


async def _send_of_public_ips(sender: Sender) -> None:
    await sender.done("create_public_ip")
    for name in ("list_public_ips", "get_public_ip", "sweep_public_ips"):
        await sender.send(name)
    await sender.done("delete_public_ip")
    # Azure has no such address; that a job finds out.
    await sender.send("adopt_public_ip")


async def _act_as_application(sender: Sender) -> None:
    """The cluster's row, as if it had been made so."""
    async with sender.slipway.parts.database.write() as session:
        cluster = (await session.scalars(select(Cluster).where(Cluster.deleted_at.is_(None)))).one()
        principal = {"client_id": str(UUID(int=1)), "secret": {"setting": "x"}}
        identity = {"type": "ServicePrincipal", "service_principal": principal}
        cluster.wanted = {**cluster.wanted, "settings": {**cluster.wanted["settings"], "identity": identity}}


async def _send_of_node_pools(sender: Sender) -> None:
    await sender.done("create_node_pool")
    for name in ("list_node_pools", "get_node_pool", "list_nodes"):
        await sender.send(name)
    for name in ("update_node_pool", "stop_node_pool", "start_node_pool", "upgrade_node_pool"):
        await sender.done(name)
    # The pool has no such machine; that a job finds out.
    await sender.send("delete_machines")
    await sender.send("list_upgrades")
    await sender.done("rotate_node_pool")
    await sender.done("delete_node_pool")


async def _send_of_shares(sender: Sender) -> None:
    await sender.done("create_share")
    for name in ("list_shares", "get_share", "list_storage_accounts"):
        await sender.send(name)
    share = (await sender.slipway.ask("GET", "/v1/shares/uploads")).json()
    await sender.send("get_storage_account", account=share["account"])
    await sender.done("update_share")
    snapshot = await sender.done("create_snapshot")
    await sender.send("list_snapshots")
    await sender.done("delete_snapshot", snapshot=snapshot["snapshot_id"])
    await sender.send("get_share_keys", share=share["id"])
    for name in ("rotate_share_key", "repair_share_key"):
        await sender.done(name, share=share["id"])
    await sender.done("delete_share")
    await sender.done("restore_share", share=share["id"])
    # Nothing lies in the account any more, but what can be restored.
    await sender.done("delete_share")
    await sender.slipway.ask("DELETE", f"/v1/storage-accounts/{share['account']}?deleted_shares=discard")
    await sender.send("delete_storage_account", account=share["account"])


async def _send_of_volumes(sender: Sender) -> None:
    accepted = await sender.send("create_volume")
    assert (await sender.slipway.ended(accepted["job"]["id"]))["state"] == "succeeded"
    volume = accepted["resource"]["id"]
    await sender.send("list_volumes")
    for name in ("get_volume", "diagnose_volume"):
        await sender.send(name, volume=volume)
    await sender.done("delete_volume", volume=volume)
    await sender.done("create_storage_class")
    async with reading(sender.slipway):
        # What was seen is written within seconds.
        claims = OPERATIONS["list_claims"].example_path()
        while (await sender.slipway.ask("GET", claims)).status_code != httpx2.codes.OK:  # noqa: ASYNC110 - tells nobody
            await asyncio.sleep(0.1)
    for name in ("list_storage_classes", "list_claims"):
        await sender.send(name)
    await sender.done("delete_storage_class")


async def _send_of_monitoring(sender: Sender) -> None:
    await sender.done("put_monitoring")
    workspace = (await sender.send("get_monitoring"))["workspace"]["id"]
    for name in ("query_logs", "list_workspaces"):
        await sender.send(name)
    await sender.send("get_workspace", workspace=workspace)
    await sender.done("delete_monitoring")
    await sender.done("delete_workspace", workspace=workspace)


@pytest.mark.first
async def test_every_example_is_accepted(idle_slipway: Slipway) -> None:
    sender = Sender(idle_slipway)
    platform = idle_slipway.platform_key
    for name in ("get_liveness", "get_metrics", "get_me"):
        await sender.send(name)

    await sender.send("create_project", caller=platform)
    for name in ("list_projects", "get_project", "list_api_keys"):
        await sender.send(name, caller=platform)
    made = await sender.send("create_api_key", caller=platform)
    await sender.send("revoke_api_key", caller=platform, key=made["id"])
    await sender.send("update_project", caller=platform)

    for name in ("list_locations", "list_versions", "list_node_sizes"):
        await sender.send(name)
    # Asked before there is a worker: what is queued can still be stopped.
    job_id = (await sender.send("create_cluster"))["job"]["id"]
    await sender.send("cancel_job", job_id=job_id)
    idle_slipway.worker = await start_worker(idle_slipway.parts)
    await idle_slipway.ended(job_id)
    await sender.done("retry_job", job_id=job_id)
    for name in ("get_readiness", "list_jobs", "list_events", "list_clusters", "get_cluster_by_id_or_name"):
        await sender.send(name)
    for name in ("get_job", "list_job_steps"):
        await sender.send(name, job_id=job_id)
    shown = (
        "extend_cluster",
        "get_kubectl",
        "get_infrastructure",
        "list_load_balancers",
        "list_leftovers",
        "list_cluster_load_balancers",
        "get_outbound",
    )
    for name in ("create_credential", "list_credentials", *shown):
        await sender.send(name)
    await sender.done("update_outbound")
    await _send_of_public_ips(sender)
    await _send_of_shares(sender)
    await sender.done("create_cluster_share")
    await sender.send("list_cluster_shares")
    await _send_of_node_pools(sender)
    await _send_of_volumes(sender)
    await _send_of_monitoring(sender)
    exposure = (await sender.send("create_exposure"))["resource"]["id"]
    await sender.send("list_exposures")
    for name in ("get_exposure", "update_exposure"):
        await sender.send(name, exposure=exposure)
    await sender.done("delete_exposure", exposure=exposure)
    job_id = (await sender.send("run_command"))["job"]["id"]
    await sender.slipway.ended(job_id)
    await sender.send("get_command_output", command=job_id)
    for name in (
        "stop_cluster",
        "start_cluster",
        "reconcile_cluster",
        "abort_cluster",
        "rotate_certificates",
        "sync_cluster",
        "update_cluster",
        "scale_cluster",
        "upgrade_cluster",
        "reset_aad",
    ):
        await sender.done(name)
    await _act_as_application(sender)
    # Azure knows better; that a job finds out.
    await sender.send("reset_service_principal")
    await sender.done("delete_cluster")

    await sender.done("register_provider")
    await sender.send("get_provider")
    await sender.done("create_resource_group")
    for name in ("list_resource_groups", "get_resource_group"):
        await sender.send(name)
    await sender.done("delete_resource_group")
    assert sender.sent == set(OPERATIONS)
