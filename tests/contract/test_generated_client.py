"""Slipway's main story, told by a client that knows only the OpenAPI document."""

from pathlib import Path
from typing import Any

import pytest

from app.core.settings import DatabaseSettings
from tests.contract.generated_client import NAME, GeneratedClient, generate, run
from tests.contract.serving import served
from tests.support.local_azure import LocalAzureForTests

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)]


async def test_a_generated_client_runs_the_main_story(
    local_azure: LocalAzureForTests,
    database_settings: DatabaseSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await generate(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    async with served(local_azure, database_settings) as (slipway, url):
        client = GeneratedClient(url, slipway.tenant.admin)
        async with client.client:
            await _story(client)
    assert "Success" in await run(
        "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", f"--package={NAME}", folder=tmp_path
    )


async def _story(client: GeneratedClient) -> None:
    models = client.models
    locations = await client.call("catalog.list_locations")
    assert "westeurope" in {location.name for location in locations.items}

    body = models.ClusterCreate(
        name="blue",
        location="westeurope",
        node_count=1,
        node_size="Standard_D4s_v5",
        generate_ssh_key=True,
        tags=models.ClusterCreateTags.from_dict({"team": "payments"}),
    )
    made = await client.call("clusters.create_cluster", body=body, idempotency_key="story")
    assert made.ssh_private_key.startswith("-----BEGIN")
    again = await client.call("clusters.create_cluster", body=body, idempotency_key="story")
    assert (again.job.id, again.ssh_private_key, again.secret_state) == (made.job.id, None, "shown_once")

    created = await client.succeeded(made)
    assert created.outcome.to_dict()
    steps = await client.call("jobs.list_job_steps", created.id)
    assert [step.ordinal for step in steps.items] == sorted(step.ordinal for step in steps.items)
    assert {step.state for step in steps.items} == {"succeeded"}

    cluster = await client.call("clusters.get_cluster_by_id_or_name", "blue")
    assert (cluster.id, cluster.state, cluster.tags.to_dict()) == (made.resource.id, "ready", {"team": "payments"})
    issued = await client.call("credentials.create_credential", "blue", body=models.CredentialRequest())
    assert "clusters:" in issued.kubeconfig

    await client.succeeded(await client.call("clusters.scale_cluster", "blue", body=models.ClusterScale(count=2)))
    patch = models.ClusterUpdate.from_dict({"tags": {"team": None, "purpose": "demo"}})
    await client.succeeded(await client.call("clusters.update_cluster", "blue", body=patch))
    cluster = await client.call("clusters.get_cluster_by_id_or_name", cluster.id)
    assert (cluster.node_pools[0].count, cluster.tags.to_dict()) == (2, {"purpose": "demo"})

    await client.succeeded(await client.call("clusters.delete_cluster", "blue"))
    gone = await client.call("clusters.get_cluster_by_id_or_name", cluster.id)
    assert gone.state == "deleted"

    jobs = await _pages(client, "jobs.list_jobs")
    assert [job.kind for job in jobs] == ["cluster.delete", "cluster.update", "cluster.scale", "cluster.create"]
    events = await _pages(client, "jobs.list_events")
    assert {event.job_id for event in events} >= {job.id for job in jobs}


async def _pages(client: GeneratedClient, operation: str) -> list[Any]:
    """All items of a list, page after page."""
    page = await client.call(operation, limit=2)
    items = list(page.items)
    while page.items and page.next_cursor is not None:
        page = await client.call(operation, limit=2, cursor=page.next_cursor)
        items += page.items
    return items
