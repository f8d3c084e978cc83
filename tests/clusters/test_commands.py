"""Commands that AKS runs in a cluster: once at most, and what they print is kept by Azure alone."""

import json

import pytest
from sqlalchemy import select, text, update

from app.models import Cluster, Job, Role
from tests.support.api import add_key
from tests.support.whole import CLUSTER, Slipway

OWN = "/v1/clusters/blue"


async def test_a_command_ends_with_its_code_and_slipway_keeps_nothing_of_its_output(slipway: Slipway) -> None:
    await slipway.create()
    job = await slipway.done("POST", f"{OWN}:run-command", {"command": "kubectl get nodes -o json"})
    assert job["outcome"]["exit_code"] == 0
    where = f"{OWN}/commands/{job['id']}"
    shown = (await slipway.ask("GET", where)).json()
    assert shown["exit_code"] == 0
    node = json.loads(shown["logs"])["items"][0]["metadata"]["name"]
    async with slipway.parts.database.read() as session:
        row = (await session.scalars(select(Job).where(Job.id == job["id"]))).one()
        assert node not in json.dumps([row.outcome, row.summary, row.request])
        prefix = "" if slipway.parts.database.file is not None else "dbos."
        kept = await session.execute(
            text(f"SELECT output FROM {prefix}operation_outputs WHERE workflow_uuid = :id"),  # noqa: S608
            {"id": job["id"]},
        )
        assert all(node not in str(output) for output in kept.scalars())
    operator = await add_key(slipway.parts.database, Role.OPERATOR, slipway.tenant.id)
    assert (await slipway.ask("GET", where, key=operator)).status_code == 403
    asked = await slipway.ask("POST", f"{OWN}:run-command", {"command": "kubectl get nodes"}, key=operator)
    assert asked.status_code == 403
    assert (await slipway.ask("GET", f"{OWN}/commands/{job['id'][:-1]}x")).status_code == 404


async def test_no_command_runs_where_they_are_off_or_the_cluster_is_stopped(slipway: Slipway) -> None:
    await slipway.create(api_server={"run_command": False})
    answer = await slipway.ask("POST", f"{OWN}:run-command", {"command": "id"})
    assert (answer.status_code, answer.json()["code"]) == (409, "run_command_off")
    await slipway.done("POST", f"{OWN}:stop")
    answer = await slipway.ask("POST", f"{OWN}:run-command", {"command": "id"})
    assert (answer.status_code, answer.json()["code"]) == (409, "cluster_stopped")
    assert slipway.azure.requests(operation="ManagedClusters_RunCommand") == []


async def test_entra_settings_are_replaced_as_a_whole(slipway: Slipway) -> None:
    group = "6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5f"
    await slipway.create()
    asked = {"entra": {"admin_group_ids": [group]}}
    await slipway.done("PATCH", OWN, {"access": {"entra": {"azure_rbac": True}}})
    job = await slipway.done("POST", f"{OWN}:reset-aad", asked)
    assert job["outcome"]["entra"] == {"admin_group_ids": [group]}
    assert (await slipway.cluster())["access"]["entra"]["admin_group_ids"] == [group]
    assert "cluster.aad_reset" in [event["type"] for event in await slipway.events()]


async def test_a_service_principal_gets_another_secret_by_its_name(slipway: Slipway) -> None:
    principal = {"client_id": "6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5f", "secret": {"setting": "principal"}}
    await slipway.create(identity={"type": "ServicePrincipal", "service_principal": principal})
    other = {**principal, "client_id": "6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e50"}
    job = await slipway.done("POST", f"{OWN}:reset-service-principal", {"service_principal": other})
    assert job["outcome"]["client_id"] == other["client_id"]
    shown = (await slipway.cluster())["identity"]["service_principal"]
    assert (shown["client_id"], shown["secret"]["setting"]) == (other["client_id"], "principal")
    unknown = {"service_principal": {**other, "secret": {"setting": "nobody"}}}
    answer = await slipway.ask("POST", f"{OWN}:reset-service-principal", unknown)
    assert [error["code"] for error in answer.json()["errors"]] == ["unknown_secret_setting"]


async def test_a_managed_identity_has_no_secret_to_reset(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    async with idle_slipway.parts.database.write() as session:
        await session.execute(update(Cluster).values(state="ready"))
    principal = {"client_id": "6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5f", "secret": {"setting": "principal"}}
    answer = await idle_slipway.ask("POST", f"{OWN}:reset-service-principal", {"service_principal": principal})
    assert (answer.status_code, answer.json()["code"]) == (409, "identity_is_managed")


@pytest.mark.parametrize("kind", ["reset_after", "html_502_after", "error_after"])
async def test_a_command_that_azure_may_have_is_not_sent_again(slipway: Slipway, kind: str) -> None:
    await slipway.create()
    slipway.azure.add_fault(kind, operation="ManagedClusters_RunCommand", count=1)

    job = await slipway.ended(await slipway.accepted("POST", f"{OWN}:run-command", {"command": "kubectl get nodes"}))

    assert (job["state"], job["problem"]["code"]) == ("failed", "command_uncertain")
    assert len(slipway.azure.requests(operation="ManagedClusters_RunCommand")) == 1


async def test_a_command_that_azure_has_refused_is_sent_again(slipway: Slipway) -> None:
    await slipway.create()
    slipway.azure.add_fault("throttle", operation="ManagedClusters_RunCommand", count=1, retry_after=1)
    job = await slipway.done("POST", f"{OWN}:run-command", {"command": "kubectl get nodes -o json"})
    assert job["outcome"]["exit_code"] == 0


async def test_a_principal_whose_reset_was_not_answered_is_reset_once(slipway: Slipway) -> None:
    principal = {"client_id": "6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5f", "secret": {"setting": "principal"}}
    await slipway.create(identity={"type": "ServicePrincipal", "service_principal": principal})
    slipway.azure.add_fault("reset_after", operation="ManagedClusters_ResetServicePrincipalProfile", count=1)

    await slipway.done("POST", f"{OWN}:reset-service-principal", {"service_principal": principal})

    assert len(slipway.azure.requests(operation="ManagedClusters_ResetServicePrincipalProfile")) == 1
