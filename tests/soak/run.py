"""One seed, from its first process to its verdict."""

import asyncio
import contextlib
import json
import random
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.core.settings import DatabaseSettings
from app.db import migrations
from app.db.engine import Database
from app.engine import migrations as engine_migrations
from app.models import TERMINAL, Cluster, Job
from tests.processes.fleet import ROOT, Fleet
from tests.soak import situations, stories
from tests.soak.client import Clients
from tests.soak.collect import collect_machine, collect_rows, engine_states, rows
from tests.soak.evidence import Evidence
from tests.soak.faults import catalog
from tests.soak.faults.fault import Fault
from tests.soak.history import Outcome
from tests.soak.invariants.catalog import violations
from tests.soak.leaving import delete_all
from tests.soak.nursery import Nursery
from tests.soak.observers import FeedReader, watch_rows
from tests.soak.opening import shut_secrets
from tests.soak.plan import Plan, draw
from tests.soak.proxy import Proxy
from tests.soak.sentinels import make_sentinels, sentinels_of
from tests.soak.server import DurableServer
from tests.soak.stage import ENVIRONMENT, Stage
from tests.support.api import add_tenant
from tests.support.database import sqlite_settings

SPEED = 300.0
QUIET_SECONDS = 60.0
"""After the last fault all jobs end within this time, on a machine that has nothing else to do."""

_PATIENCE_SECONDS = 3.0
_STATE_SECONDS = 2.0
_USUAL_SECONDS = 5.0
_MOST_PATIENCE = 5.0
_MOST_STRETCH = 2.0
"""So much longer clients and faults go on where all is slow."""


@dataclass
class Verdict:
    """What came of a seed."""

    seed: int
    database: str
    violations: list[str]
    seconds: float
    fired: dict[str, bool] = field(default_factory=dict)
    situations: set[str] = field(default_factory=set)
    operations: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)


async def run_seed(
    seed: int, database: str, folder: Path, *, server: DurableServer | None = None, nursery: Nursery | None = None
) -> Verdict:
    """Run a seed in a folder of its own, and keep there all that tells what happened."""
    began = time.monotonic()
    plan = draw(seed, database, list(catalog.kinds(database)))
    (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1))
    async with _staged(plan, folder, server, nursery) as stage:
        evidence = Evidence(stage.clients.history)
        try:
            await _play(stage, plan, evidence)
        finally:
            _keep(stage, evidence, folder)
    found = violations(evidence)
    (folder / "violations.txt").write_text("\n".join(found))
    return Verdict(
        seed,
        database,
        found,
        time.monotonic() - began,
        evidence.faults,
        situations.seen(evidence),
        _count(str(operation.outcome) for operation in evidence.history.operations),
        _count(job["state"] for job in evidence.jobs.values()),
    )


@asynccontextmanager
async def _staged(
    plan: Plan, folder: Path, server: DurableServer | None, nursery: Nursery | None
) -> AsyncIterator[Stage]:
    """All processes, for the `async with`."""
    async with contextlib.AsyncExitStack() as stack:
        proxy, further = None, {}
        if server is None:
            settings = sqlite_settings(folder / "slipway.sqlite3")
            await asyncio.to_thread(migrations.upgrade, settings)
            await asyncio.to_thread(engine_migrations.upgrade, settings)
        else:
            _, settings = server.create(server.template)
            proxy = Proxy(server.socket)
            await proxy.open()
            stack.push_async_callback(proxy.close)
            further["SLIPWAY_DATABASE__URL"] = _through(proxy, settings)
        database = Database.open(settings)
        stack.push_async_callback(database.close)
        fleet = Fleet(
            folder,
            settings,
            database,
            speed=SPEED,
            environment={**ENVIRONMENT, **further},
            spawn=nursery.spawn if nursery else None,
        )
        stack.push_async_callback(fleet.stop)
        await fleet.start()
        await make_sentinels(fleet)
        tenants = [fleet.tenant, await add_tenant(database, "other")]
        clients = Clients(str(fleet.http.base_url), tenants)
        stack.push_async_callback(clients.close)
        stage = Stage(fleet, clients, random.Random(plan.seed), folder, server, proxy)
        await stage.open()
        yield stage


def _through(proxy: Proxy, settings: DatabaseSettings) -> str:
    database = Database.open(settings).url.database
    return f"postgresql://postgres@127.0.0.1:{proxy.port}/{database}"


async def _play(stage: Stage, plan: Plan, evidence: Evidence) -> None:
    """Clients and faults side by side; then quiet; then all is deleted; then the evidence is collected."""
    fleet, clients = stage.fleet, stage.clients
    evidence.projects = [tenant.id for tenant in clients.tenants]
    before = sentinels_of(fleet.control.state())
    readers = [FeedReader(clients, tenant, random.Random(plan.seed + tenant)) for tenant in range(2)]
    beside = [
        asyncio.create_task(stage.supervise()),
        asyncio.create_task(watch_rows(fleet.database, evidence.looks)),
        *(asyncio.create_task(reader.follow()) for reader in readers),
    ]
    try:
        faults = {one.kind: catalog.make(stage, one, plan.database) for one in plan.faults}
        delays = [(faults[one.kind], one.begins) for one in plan.faults]
        began = time.monotonic()
        narrators = await stories.prepare_all(clients, plan.stories)
        stage.patience = min(max(1.0, (time.monotonic() - began) / _USUAL_SECONDS), _MOST_PATIENCE)
        slower = min(stage.patience, _MOST_STRETCH)
        strikes = (_strike(fault, begins, slower) for fault, begins in delays)
        await asyncio.gather(stories.tell_all(clients, narrators, slower), *strikes)
        evidence.faults = {kind: fault.fired for kind, fault in faults.items()}
        evidence.throttles = [
            one for fault in faults.values() for one in fault.facts.get("faults", ()) if one["kind"] == "throttle"
        ]
        await stage.ready()
        await _settle(clients)
        await _quiet(stage, evidence)
        await _show(stage, evidence)
        await delete_all(stage, lambda: _quiet(stage, evidence))
    finally:
        for task in beside:
            task.cancel()
        failed = await asyncio.gather(*beside, return_exceptions=True)
    evidence.history.surprises += [repr(error) for error in failed if isinstance(error, Exception)]
    for tenant, reader in enumerate(readers):
        await reader.to_the_end()
        evidence.feeds[tenant] = reader.seen
    await collect_rows(evidence, fleet.database)
    evidence.azure_log, state = fleet.control.log(), fleet.control.state()
    evidence.azure_left = [entry for entry in state["resources"] if "/resourcegroups/" in entry["id"].lower()]
    evidence.sentinels = (before, sentinels_of(state))
    await collect_machine(evidence, stage, clients.secrets | fleet.wire.tokens)


async def _strike(fault: Fault, begins: float, slower: float) -> None:
    await asyncio.sleep(begins * slower)
    fault.lasts *= slower
    await fault.run(asyncio.sleep)


async def _settle(clients: Clients) -> None:
    """What is unknown becomes known by the same key.

    Not so soon for a kubeconfig: its key is claimed in a transaction of its own, and a claim whose process died, or
    could not store the answer, is given up after two minutes only (app/api/idempotency.py).
    """
    unknown = [
        one
        for one in clients.history.operations
        if one.outcome is Outcome.UNKNOWN and one.key is not None and one.verb != "credential"
    ]
    for operation, known in zip(unknown, await asyncio.gather(*map(clients.settle, unknown)), strict=True):
        if not known:
            clients.history.surprises.append(f"J4: operation {operation.number} could not be settled by its key")


async def _quiet(stage: Stage, evidence: Evidence) -> None:
    """Wait until all jobs have ended. A caller whose operation is stuck in Azure cancels its jobs after a while."""
    limit, passed = QUIET_SECONDS * stage.patience, stage.working_time()
    while (open_jobs := await _open_jobs(stage)) and passed.seconds() < limit:
        if passed.seconds() > _PATIENCE_SECONDS:
            await _cancel_stuck(stage, open_jobs)
        await asyncio.sleep(0.2)
    evidence.never_quiet += [f"{job['kind']} {job['id']} is {job['state']}: {job['progress']}" for job in open_jobs]
    # DBOS writes its own end after ours, in a moment; what it does not, J3 tells.
    busy = True
    while busy and passed.seconds() < limit:
        await asyncio.sleep(0.2)
        busy = await _engine_is_busy(stage)


async def _engine_is_busy(stage: Stage) -> bool:
    return not {"PENDING", "ENQUEUED"}.isdisjoint((await engine_states(stage.fleet.database)).values())


async def _open_jobs(stage: Stage) -> list[dict[str, Any]]:
    return [job for job in await rows(stage.fleet.database, Job, Job.id) if job["state"] not in TERMINAL]


async def _cancel_stuck(stage: Stage, open_jobs: Sequence[dict[str, Any]]) -> None:
    operations = stage.fleet.control.state()["operations"]
    stuck = {one["target"].lower() for one in operations if one["ends"] is None and one["status"] == "InProgress"}
    clusters = {row["id"]: row for row in await rows(stage.fleet.database, Cluster, Cluster.id)}
    for job in open_jobs:
        cluster = clusters.get(job["target_id"])
        if cluster is None or job["state"] == "canceling" or job["kind"] == "cluster.delete":
            continue
        group, name = f"/resourcegroups/{cluster['resource_group']}/", f"/managedclusters/{cluster['azure_name']}"
        if any(group.lower() in target and name.lower() in target for target in stuck):
            tenant = [one.id for one in stage.clients.tenants].index(job["project_id"])
            await stage.clients.post(tenant, "cancel", f"/v1/jobs/{job['id']}:cancel", None, canceled=job["id"])


async def _show(stage: Stage, evidence: Evidence) -> None:
    """What Azure holds, what the rows say and what the API shows, while nothing happens."""
    evidence.azure_held = stage.fleet.control.state()["resources"]
    for row in await rows(stage.fleet.database, Cluster, Cluster.id):
        if row["deleted_at"] is not None:
            continue
        tenant = evidence.projects.index(row["project_id"])
        answer = await stage.clients.look(tenant, f"/v1/clusters/{row['id']}")
        assert answer is not None
        evidence.shown[row["id"]] = answer.json()
        evidence.wanted[row["id"]] = {**row, "looked_at": datetime.now(UTC)}
    # Azure writes what has changed in clusters a moment later.
    await asyncio.sleep(_STATE_SECONDS)
    state = stage.fleet.folder / "azure.json"
    evidence.secrets, evidence.shut_secrets = await asyncio.to_thread(shut_secrets, state)


def _keep(stage: Stage, evidence: Evidence, folder: Path) -> None:
    """All that tells what happened, beside the logs and the database. Azure's log may be gone with Azure."""
    evidence.sent = list(stage.fleet.wire.sent)
    evidence.history.write(folder / "history.jsonl")
    with contextlib.suppress(OSError), (folder / "azure-requests.jsonl").open("w") as out:
        for entry in evidence.azure_log or stage.fleet.control.log():
            out.write(json.dumps(entry) + "\n")
    with (folder / "wire.jsonl").open("w") as out:
        for sent in evidence.sent:
            out.write(json.dumps(vars(sent), default=str) + "\n")
    told = {"faults": evidence.faults, "exits": stage.exits}
    (folder / "faults.json").write_text(json.dumps(told, indent=1, default=str))


def _count(words: Any) -> dict[str, int]:
    counted: dict[str, int] = {}
    for word in words:
        counted[word] = counted.get(word, 0) + 1
    return counted


def commit() -> str:
    """Which commit this is, and whether files differ from it."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"
