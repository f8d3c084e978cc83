"""What is removed when its time is over, and what never is, on both databases with a clock that the test moves."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.core.settings import RetentionSettings
from app.engine.lease import Lease
from app.engine.recovery import BATCH
from app.engine.retention import Retention, rules
from app.models import (
    AzureResource,
    Cluster,
    ClusterReader,
    Credential,
    Event,
    Exposure,
    Job,
    JobStep,
    NodePool,
    RateBucket,
    ResourceGroup,
    Share,
    StorageAccount,
    Volume,
    Worker,
    WorkerState,
    Workspace,
)
from tests.engine.sweeps import MINUTE, NOW, StoppedClock, Sweeps
from tests.support.api import add_tenant, bearer, client_of, make_app
from tests.support.engine import EngineBench


def nothing_of_dbos(_before: datetime) -> int:
    """DBOS's rows are looked at in test_reconciler.py."""
    return 0


@pytest.fixture
async def sweeps(bench: EngineBench) -> Sweeps:
    """A registered worker that does nothing but sweep when it is told to."""
    clock = StoppedClock()
    lease = Lease(bench.database, clock, timedelta(seconds=9))
    await lease.register()
    retention = Retention(bench.database, clock, RetentionSettings(), lease=lease, forget_ended=nothing_of_dbos)
    made = Sweeps(bench, clock, retention, lease.worker_id)
    await made.add(made.group("grp", None), made.cluster("live", None), made.share("shr", None))
    return made


async def test_each_row_goes_when_its_time_is_over_and_not_a_minute_before(sweeps: Sweeps) -> None:
    checked = rules(RetentionSettings())
    # The sweep comes an hour later.
    now = NOW + timedelta(hours=1)
    for rule in checked:
        for name, age in (("old", rule.kept + MINUTE), ("young", rule.kept - MINUTE)):
            await sweeps.add(*sweeps.of_age(rule.table, name, now - age))
    # The newest event stays whatever its age.
    await sweeps.add(sweeps.event(now, id="newest"))
    before = {rule.name: set(await sweeps.ids(rule.table)) for rule in checked}
    await sweeps.sweep()
    gone = {rule.name: before[rule.name] - set(await sweeps.ids(rule.table)) for rule in checked}
    assert gone == {rule.name: {"old"} for rule in checked}
    assert await sweeps.ids(JobStep) == ["young"]
    assert await sweeps.ids(NodePool) == ["young"]
    assert await sweeps.ids(AzureResource) == ["young"]
    assert await sweeps.ids(ClusterReader) == ["young"]
    await sweeps.no_broken_references()


async def test_more_than_a_batch_goes_in_the_next_rounds_and_then_nothing_for_an_hour(sweeps: Sweeps) -> None:
    long_ago = NOW - timedelta(days=100)
    jobs = [sweeps.job(long_ago + index * MINUTE, name=f"job_{index:04}") for index in range(BATCH + 3)]
    await sweeps.add(*jobs)
    await sweeps.sweep()
    # The oldest first.
    assert await sweeps.ids(Job) == [f"job_{index:04}" for index in range(BATCH, BATCH + 3)]
    await sweeps.retention.sweep()
    assert await sweeps.ids(Job) == []
    await sweeps.add(sweeps.job(long_ago, name="later"))
    sweeps.clock.by += timedelta(minutes=58)
    await sweeps.retention.sweep()
    assert await sweeps.ids(Job) == ["later"]
    await sweeps.sweep()
    assert await sweeps.ids(Job) == []


async def test_what_is_live_stays_however_old_it_is(sweeps: Sweeps) -> None:
    ages = NOW - timedelta(days=1000)
    await sweeps.add(
        sweeps.job(None, name="open"),
        sweeps.job(ages, name="retried"),
        sweeps.job(None, name="retry", retry_of="retried"),
        sweeps.job(ages, name="retried_once"),
        sweeps.job(NOW, name="retry_that_ended", retry_of="retried_once"),
        sweeps.event(ages, id="of_open", job_id="open", step="s"),
        sweeps.event(ages, id="of_ended", job_id="retried_once", step="s"),
        sweeps.event(ages, id="newest"),
        # Credentials: not expired; of a deleted cluster, whose row it keeps, and that its group's.
        sweeps.credential("valid", ages, expires_at=NOW + timedelta(days=1)),
        sweeps.credential("expired", ages, expires_at=ages + timedelta(days=1)),
        sweeps.group("grp_named", ages),
        sweeps.cluster("cls_recorded", ages, group="grp_named"),
        sweeps.credential("young", NOW, cluster="cls_recorded"),
        # A cluster whose job is kept: a retry of it finds the row.
        sweeps.cluster("toy_1", ages),
        # An exposure whose job is kept, and the cluster that it names.
        sweeps.cluster("cls_exposed", ages),
        sweeps.exposure("exp_named", ages, cluster="cls_exposed"),
        sweeps.job(None, name="open_exposure", target_id="exp_named"),
        # What lies in a share whose volume's job is kept, and what it names; a workspace that somebody sends to.
        sweeps.cluster("cls_mounted", ages),
        sweeps.account("sta_named", ages),
        sweeps.share("shr_named", ages, account_id="sta_named"),
        sweeps.volume("vol_named", ages, share="shr_named", cluster="cls_mounted"),
        sweeps.job(None, name="open_volume", target_id="vol_named"),
        sweeps.workspace("wsp_named", ages),
        sweeps.monitoring("mon_live", None, workspace_id="wsp_named"),
        RateBucket(key="blocked", tokens=0, updated_at=ages, blocked_until=NOW + timedelta(days=1)),
        RateBucket(key="was_blocked", tokens=0, updated_at=ages, blocked_until=ages),
        sweeps.worker("z_live", ages, WorkerState.LIVE),
        sweeps.worker("z_draining", ages, WorkerState.DRAINING),
    )
    await sweeps.sweep()
    assert await sweeps.ids(Job) == [
        "open",
        "open_exposure",
        "open_volume",
        "retried",
        "retry",
        "retry_that_ended",
    ]
    assert await sweeps.ids(Event) == ["newest", "of_open"]
    assert await sweeps.ids(Credential) == ["valid", "young"]
    assert await sweeps.ids(Cluster) == ["cls_exposed", "cls_mounted", "cls_recorded", "toy_1"]
    assert await sweeps.ids(Exposure) == ["exp_named"]
    assert await sweeps.ids(Volume) == ["vol_named"]
    assert await sweeps.ids(Share) == ["shr_named"]
    assert await sweeps.ids(StorageAccount) == ["sta_named"]
    assert await sweeps.ids(Workspace) == ["wsp_named"]
    assert await sweeps.ids(ResourceGroup) == ["grp_named"]
    assert await sweeps.ids(RateBucket) == ["blocked"]
    assert {"z_live", "z_draining"} <= set(await sweeps.ids(Worker))
    await sweeps.no_broken_references()


async def test_the_oldest_of_several_workers_does_it(sweeps: Sweeps) -> None:
    await sweeps.add(sweeps.job(NOW - timedelta(days=100), name="old"))
    await sweeps.add(sweeps.worker("a_older", NOW, WorkerState.LIVE))
    await sweeps.sweep()
    assert await sweeps.ids(Job) == ["old"]
    async with sweeps.bench.database.write() as session:
        await session.execute(sa.update(Worker).where(Worker.id == "a_older").values(state=WorkerState.DEAD))
    await sweeps.retention.sweep()
    assert await sweeps.ids(Job) == []


async def test_a_table_that_cannot_be_swept_keeps_no_other_from_it(sweeps: Sweeps) -> None:
    old = NOW - timedelta(days=100)
    await sweeps.add(sweeps.job(old, name="old"), *sweeps.of_age(RateBucket, "old", old))
    async with sweeps.bench.database.write() as session:
        await session.execute(sa.text("ALTER TABLE events RENAME TO hidden"))
    await sweeps.sweep()
    assert await sweeps.ids(Job) == []
    assert await sweeps.ids(RateBucket) == []
    assert [(entry["table"], entry["code"]) for entry in sweeps.bench.logged("old_rows_kept")] == [
        ("events", "database_schema")
    ]


async def test_a_row_that_somebody_has_locked_is_left_for_later(sweeps: Sweeps) -> None:
    """A retry locks the job that it repeats: it must not lose it in between."""
    if sweeps.bench.database.file is not None:
        pytest.skip("on SQLite writers take turns")
    old = NOW - timedelta(days=100)
    await sweeps.add(sweeps.job(old, name="locked"), sweeps.job(old, name="old"))
    async with sweeps.bench.database.write() as session:
        await session.get(Job, "locked", with_for_update=True)
        await sweeps.sweep()
        assert await sweeps.ids(Job) == ["locked"]
    await sweeps.sweep()
    assert await sweeps.ids(Job) == []


async def test_a_cursor_into_what_was_removed_goes_on_at_the_oldest_event_kept(sweeps: Sweeps) -> None:
    old = NOW - timedelta(days=100)
    database = sweeps.bench.database
    tenant = await add_tenant(database, "shop")

    def event(at: datetime, name: str) -> Event:
        return sweeps.event(at, id=name, project_id=tenant.id)

    await sweeps.add(event(old, "evt_1"), event(old, "evt_2"), event(NOW, "evt_3"))
    app = make_app(database)
    async with client_of(app) as http:

        async def read(cursor: str | None, limit: int) -> tuple[list[str], str]:
            parameters = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
            answer = await http.get("/v1/events", params=parameters, headers=bearer(tenant.reader))
            assert answer.status_code == 200, answer.text
            return [item["id"] for item in answer.json()["items"]], answer.json()["next_cursor"]

        first, cursor = await read(None, 1)
        assert first == ["evt_1"]
        await sweeps.sweep()
        assert (await read(cursor, 10))[0] == ["evt_3"]
        # Nothing but the newest is left after a long quiet; what comes then is seen by who had read all.
        everything, end = await read(cursor, 10)
        sweeps.clock.by += timedelta(days=200)
        await sweeps.sweep()
        assert await sweeps.ids(Event) == everything
        await sweeps.add(event(sweeps.clock.now(), "evt_4"))
        assert (await read(end, 10))[0] == ["evt_4"]
        gone = await http.get("/v1/jobs/job_gone", headers=bearer(tenant.reader))
        assert gone.status_code == 404


async def test_what_is_due_is_found_by_an_index(bench: EngineBench) -> None:
    small = {"rate_buckets", "catalog"}
    explain, scan = "EXPLAIN QUERY PLAN", "SCAN"
    async with bench.database.read() as session:
        if bench.database.file is None:
            # It plans by the size of a table: is there an index at all that serves?
            await session.execute(sa.text("SET LOCAL enable_seqscan = off"))
            explain, scan = "EXPLAIN", "Seq Scan"
        connection = await session.connection()
        for rule in rules(RetentionSettings()):
            query = sa.select(*rule.key).where(rule.due(NOW)).order_by(rule.since).limit(BATCH)
            compiled = query.compile(connection.sync_connection, compile_kwargs={"literal_binds": True})
            plan = [str(row) for row in await session.execute(sa.text(f"{explain} {compiled}"))]
            scans = [line for line in plan if scan in line and "INDEX" not in line]
            assert rule.name in small or scans == [], (rule.name, plan)
