"""A deployment in mid-flight: this version's worker goes on with jobs that the version before had begun.

`in_flight.json` holds what that version (18e383f) wrote while it upgraded two clusters: its rows under the schema of
then, and DBOS's with the results of steps. `plane` waited for its control plane, `pools` for its only pool.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from app.core.settings import DatabaseSettings
from app.db import migrations
from app.db.engine import sync_engine
from app.emulator.local_azure import LocalAzureOptions
from app.engine import migrations as engine_migrations
from app.models import Role
from tests.emulator.conftest import Arm, arm_for
from tests.support.api import add_key
from tests.support.database import PostgreSQLServer, sqlite_settings
from tests.support.local_azure import FAST, LocalAzureForTests, start_local_azure
from tests.support.whole import Slipway, running_slipway

pytestmark = pytest.mark.both_databases

BEFORE = json.loads((Path(__file__).parent / "in_flight.json").read_text())
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{6})?")
_OPERATION = re.compile(r"http://127\.0\.0\.1:\d+/[^\"]+")
_AGO = timedelta(minutes=10)


@pytest.fixture
def old(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseSettings]:
    """A database as the version before knew it, without rows."""
    server: PostgreSQLServer | None = None
    if database_kind == "sqlite":
        settings = sqlite_settings(tmp_path / "old.sqlite3")
    else:
        server = request.getfixturevalue("postgresql_server")
        name, settings = server.create()
    engine = sync_engine(settings, migrating=True)
    with engine.begin() as connection:
        command.upgrade(migrations.alembic_config(connection), BEFORE["schema"])
    engine.dispose()
    engine_migrations.upgrade(settings)
    yield settings
    if server is not None:
        server.drop(name)


@pytest.fixture
def azure() -> Iterator[LocalAzureForTests]:
    """It never counts what it is asked: this test asks again and again whether an operation has ended."""
    with start_local_azure(LocalAzureOptions(speed=FAST, throttling=False)) as azure:
        azure.register()
        yield azure


async def _asked_of_azure(arm: Arm) -> dict[str, str]:
    """What the version before had asked Azure for; the addresses of the operations under way, by cluster."""
    under_way = {}
    for row in BEFORE["tables"]["clusters"]:
        name, group, wanted = row["azure_name"], row["resource_group"], json.loads(row["wanted"])
        tags = {"managed-by": "slipway", "slipway-project": row["project_id"], "slipway-cluster": row["id"]}
        await arm.send("PUT", f"resourceGroups/{group}", {"location": row["location"], "tags": tags})
        pool = {"name": "system", "mode": "System", "osType": "Linux", "vmSize": "Standard_D4s_v5", "count": 1}
        body: dict[str, Any] = {
            "location": row["location"],
            "tags": tags,
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "kubernetesVersion": BEFORE["from"],
                "dnsPrefix": wanted["dns_prefix"],
                "agentPoolProfiles": [{**pool, "orchestratorVersion": BEFORE["from"]}],
            },
        }
        own = arm.cluster(name, group)
        await _done(arm, await arm.send("PUT", own, body))
        body["properties"]["kubernetesVersion"] = BEFORE["to"]
        asked = await arm.send("PUT", own, body)
        if name == "pools":
            await _done(arm, asked)
            del pool["name"]
            asked = await arm.send(
                "PUT", f"{own}/agentPools/system", {"properties": {**pool, "orchestratorVersion": BEFORE["to"]}}
            )
        assert asked.status in {200, 201}, asked.text
        under_way[row["id"]] = asked.headers["azure-asyncoperation"]
    return under_way


async def _done(arm: Arm, asked: Any) -> None:
    assert asked.status in {200, 201}, asked.text
    while (await arm.status_of(asked))["status"] not in {"Succeeded", "Failed"}:
        pass


def _restore(settings: DatabaseSettings, under_way: dict[str, str]) -> None:
    """Write the rows as if all had been ten minutes ago, with the addresses of the operations as they are here."""
    later = datetime.now(UTC).replace(tzinfo=None) - _AGO - datetime.fromisoformat(BEFORE["captured_at"])

    def moved(found: re.Match[str]) -> str:
        return (datetime.fromisoformat(found[0]) + later).isoformat(sep=found[0][10], timespec="microseconds")

    tables = json.loads(_TIME.sub(moved, json.dumps(BEFORE["tables"])))
    targets = {job["id"]: job["target_id"] for job in tables["jobs"]}
    for output in tables["operation_outputs"]:
        output["output"] = _OPERATION.sub(under_way[targets[output["workflow_uuid"]]], output["output"])
    engine = sync_engine(settings, migrating=True)
    with engine.begin() as connection:
        schema = "dbos" if connection.dialect.name == "postgresql" else None
        for place in {None, schema}:
            known = sa.MetaData(schema=place)
            known.reflect(connection)
            for table in known.sorted_tables:
                rows = [_typed(table, row) for row in tables.pop(table.name, ())]
                for row in rows:
                    connection.execute(table.insert(), row)
    engine.dispose()
    assert not tables


def _typed(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row for this database's columns: as captured, times, booleans and JSON are as SQLite keeps them."""

    def typed(name: str, value: Any) -> Any:
        kind = table.columns[name].type
        if isinstance(kind, sa.DateTime):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if kind.timezone else moment
        if isinstance(kind, sa.Boolean):
            return bool(value)
        return json.loads(value) if isinstance(kind, sa.JSON) else value

    return {name: typed(name, value) for name, value in row.items()}


async def test_upgrades_that_the_version_before_began_are_gone_on_with(
    azure: LocalAzureForTests, old: DatabaseSettings
) -> None:
    async with arm_for(azure) as arm:
        under_way = await _asked_of_azure(arm)
    _restore(old, under_way)
    before = len(azure.requests())

    migrations.upgrade(old)
    async with running_slipway(azure, old, lease_seconds=5) as slipway:
        (project,) = BEFORE["tables"]["projects"]
        key = await add_key(slipway.parts.database, Role.ADMIN, project["id"])
        slipway.tenant = replace(slipway.tenant, admin=key)
        for job in BEFORE["tables"]["jobs"]:
            await _went_on(slipway, job)

    again = [entry.path.lower() for entry in azure.requests()[before:] if entry.mutated]
    assert [path.rpartition("/managedclusters/")[2] for path in again] == ["plane/agentpools/system"]


async def _went_on(slipway: Slipway, job: dict[str, Any]) -> None:
    ended = await slipway.ended(job["id"])
    assert ended["state"] == "succeeded", ended
    assert ended["outcome"]["kubernetes_version"] == BEFORE["to"]
    cluster = await slipway.cluster(job["target_name"])
    assert (cluster["state"], cluster["kubernetes_version"]) == ("ready", BEFORE["to"])
    steps = await slipway.steps(job["id"])
    assert {step["state"] for step in steps.values()} == {"succeeded"}
    begun = {step["name"] for step in BEFORE["tables"]["job_steps"] if step["job_id"] == job["id"]}
    assert begun < set(steps)
