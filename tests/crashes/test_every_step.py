"""A worker that dies before, within and after each step of each kind of job: the end is the same as without."""

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import Awaitable, Collection, Iterable, Iterator, Mapping, Sequence
from unittest import mock

import pytest
from structlog.testing import capture_logs

from app.bootstrap import WORKFLOWS
from app.core.settings import DatabaseSettings
from app.emulator.core.registration import record_of
from app.emulator.local_azure import LocalAzureOptions
from app.emulator.providers.compute.sizes import restrict
from app.engine.steps import CloudStep, RecordStep
from tests.crashes.judge import of_azure, of_the_job
from tests.crashes.lives import FAILING, FAILING_ADDRESS, STUCK, Life, Scenario
from tests.crashes.parts import ALL, PARTS, Part
from tests.crashes.pool_lives import CLINGING, NOT_OFFERED, STALLING
from tests.crashes.share_lives import FAILING_SHARE
from tests.crashes.stage import Stage
from tests.support.crashes import At, Point
from tests.support.database import KINDS
from tests.support.local_azure import FAST, LocalAzureForTests, start_local_azure
from tests.support.whole import running_slipway

PUT = "ManagedClusters_CreateOrUpdate"
EVERY = frozenset(workflow.kind.name for workflow in WORKFLOWS)
_DEATHS = 10
"""Of one job's workers, one after the other: a life costs more than a death."""
_POLL_SECONDS = 0.25
"""How often DBOS looks for queued jobs; more often costs more than the jobs wait."""
EACH_DATABASE = [pytest.param(kind, marks=pytest.mark.long if kind == "postgresql" else ()) for kind in KINDS]
SAMPLED = [kind for kind in KINDS if kind == "postgresql"]
SUBSCRIPTIONS = tuple(f"0d5a1f3e-7c2b-4e8a-9f60-{number:012}" for number in range(90))


@pytest.fixture
def azure() -> Iterator[LocalAzureForTests]:
    with start_local_azure(LocalAzureOptions(speed=FAST, subscription_ids=SUBSCRIPTIONS, throttling=False)) as azure:
        azure.register()
        azure.register("Microsoft.Storage")
        azure.call(_forget_registrations(azure))
        azure.call(restrict(azure.azure.cloud, {NOT_OFFERED: []}))
        azure.add_fault("fail_operation", operation=PUT, path=f"/{FAILING}[0-9]+$", count=None, code="AllocationFailed")
        azure.add_fault(
            "fail_operation",
            operation="PublicIPAddresses_CreateOrUpdate",
            path=f"/{FAILING_ADDRESS}[0-9]+$",
            count=None,
            code="InternalServerError",
        )
        no_share = {"operation": "FileShares_Create", "path": f"/{FAILING_SHARE}[0-9]+$", "count": None}
        azure.add_fault("error", **no_share, status=400, code="InvalidHeaderValue", message="No.")
        azure.add_fault(
            "fail_operation",
            operation="AgentPools_CreateOrUpdate",
            path=f"/agentPools/{FAILING}$",
            count=None,
            code="AllocationFailed",
        )
        azure.add_fault(
            "fail_operation",
            operation="AgentPools_CreateOrUpdate",
            path=f"/agentPools/{STALLING[:6]}[0-9a-f]{{5}}$",
            count=None,
            code="AllocationFailed",
        )
        azure.add_fault("unapplied", operation="AgentPools_CreateOrUpdate", path=f"/agentPools/{CLINGING}$", count=None)
        azure.add_fault(
            "fail_operation",
            operation="AgentPools_Delete",
            path=f"/agentPools/{CLINGING}$",
            count=None,
            code="InternalOperationError",
        )
        azure.add_fault("stuck_operation", operation=PUT, path=f"/{STUCK}[0-9]+$", count=None)
        yield azure


async def _forget_registrations(azure: LocalAzureForTests) -> None:
    """In all subscriptions but the first."""
    cloud = azure.azure.cloud
    for subscription in SUBSCRIPTIONS[1:]:
        record = record_of(cloud, subscription, cloud.providers["microsoft.containerservice"])
        record.body["registrationState"] = "NotRegistered"
        cloud.store.touch(record)


Crashed = tuple[Scenario, list[Point]]
"""A life, and where workers of its jobs die."""


def shares(points: Sequence[Point], *, twice: bool) -> list[list[Point]]:
    """The points dealt to jobs, `_DEATHS` to each, far from one another.

    `twice`: at the same point again after the takeover, wherever a job can come to the same point again.
    """
    last = points[-1].step
    # A command that was perhaps sent ends at its first takeover.
    alone = points[0].kind in {"provider.register", "cluster.run_command"}
    each = 1 if alone else _DEATHS // 2 if twice else _DEATHS
    # Once its last step has committed a job does not come by again.
    endings = sum(point.step == last and point.at is not At.BEFORE for point in points)
    jobs = max(-(-len(points) // each), endings)

    def times(point: Point) -> int:
        again = point.at is not At.ANSWERED and (point.step != last or point.at is At.BEFORE)
        return 2 if twice and again else 1

    return [[point for point in points[first::jobs] for _ in range(times(point))] for first in range(jobs)]


def plans(stage: Stage, part: Part, calm: Mapping[Scenario, Life], twice: str) -> list[Crashed]:
    """The lives to be lived, each with its crashes: all points that the calm ones came by, but for those that another
    part crashes at.
    """
    known = {point for each in part.beside for point in _points(stage, calm[each])}
    planned: list[Crashed] = []
    for scenario in part.scenarios:
        dealt: list[list[list[Point]]] = []
        for kind, job_id in calm[scenario].jobs.items():
            if job_id in calm[scenario].others:
                continue
            new = [point for point in dict.fromkeys(stage.reached[job_id]) if point not in known]
            known.update(new)
            if new:
                dealt.append(shares(new, twice=kind == twice))
        rows = itertools.zip_longest(*dealt, fillvalue=())
        planned.extend((scenario, [point for share in row for point in share]) for row in rows)
    return planned


def _points(stage: Stage, life: Life) -> Iterator[Point]:
    for job_id in set(life.jobs.values()) - life.others:
        yield from stage.reached[job_id]


def unseen(kinds: Collection[str], points: Collection[Point]) -> list[str]:
    """Steps of these kinds at which nothing has crashed: a new way of a job needs a life that goes it."""
    seen = {(point.kind, point.step) for point in points}
    return [
        f"{workflow.kind.name} {name}"
        for workflow in WORKFLOWS
        for name, step in vars(sys.modules[workflow.run.__module__]).items()
        if workflow.kind.name in kinds
        if isinstance(step, CloudStep | RecordStep) and (workflow.kind.name, name) not in seen
    ]


def test_each_kind_and_each_life_is_one_parts() -> None:
    """No step is left out because each part takes it for another's."""
    assert Counter(kind for part in PARTS for kind in part.kinds) == dict.fromkeys(EVERY, 1)
    assert Counter(each for part in PARTS for each in part.scenarios) == dict.fromkeys(ALL, 1)
    for number, part in enumerate(PARTS):
        assert set(part.beside) <= {each for earlier in PARTS[:number] for each in earlier.scenarios}, part.name


@pytest.mark.first
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", PARTS, ids=str)
@pytest.mark.parametrize("database_kind", EACH_DATABASE, indirect=True)
async def test_a_crash_at_any_point_of_any_job_changes_no_end(
    part: Part, azure: LocalAzureForTests, database_settings: DatabaseSettings
) -> None:
    """Trouble 12. All lives run side by side; those of one scenario are compared with the one in which nothing died."""
    wrong, crashed_at = await _lived(part, azure, database_settings)
    wrong += [f"never crashed: {each}" for each in unseen(part.kinds, crashed_at)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.first
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", PARTS, ids=str)
@pytest.mark.parametrize("database_kind", SAMPLED, indirect=True)
async def test_ten_crashes_of_a_job_of_each_kind_change_no_end(
    part: Part, azure: LocalAzureForTests, database_settings: DatabaseSettings
) -> None:
    """On PostgreSQL one life of each scenario; `make test-long` crashes at all points there too."""
    wrong, _ = await _lived(part, azure, database_settings, sampled=True)
    assert not wrong, "\n".join(wrong)


async def _lived(
    part: Part, azure: LocalAzureForTests, database: DatabaseSettings, *, sampled: bool = False
) -> tuple[list[str], list[Point]]:
    """What was wrong with the part's lives, and the points that they or another part's have crashed at."""
    with (
        # The buckets would make hundreds of jobs in one subscription wait, and are not the subject.
        mock.patch("app.azure.throttle.draws", return_value=()),
        # DBOS would give up a job whose workers die so often.
        mock.patch("app.engine.worker._MOST_RECOVERIES", 2 * _DEATHS),
        capture_logs() as logs,
    ):
        # One process is here what else would be many, each with a pool of its own.
        settings = database.model_copy(update={"pool_size": 30})
        async with running_slipway(azure, settings, queue_poll_seconds=_POLL_SECONDS) as slipway:
            stage = Stage(slipway, list(SUBSCRIPTIONS[1:]))
            twice = "cluster.create" if slipway.parts.database.file is not None else ""
            with stage.open():
                every = (*part.beside, *part.scenarios)
                calm = dict(zip(every, await _all(stage.live(each, 0, EVERY) for each in every), strict=True))
                planned = plans(stage, part, calm, twice)
                if sampled:
                    # The first of each scenario.
                    planned = list({scenario: (scenario, points) for scenario, points in reversed(planned)}.values())
                crashed = await _all(
                    stage.live(scenario, number, frozenset(point.kind for point in points), points)
                    for number, (scenario, points) in enumerate(planned, 1)
                )
            ended = await stage.ended()

    wrong = [*of_azure(azure.requests()), *(f"left in Azure: {found}" for found in slipway.leftovers())]
    wrong += [f"logged: {entry}" for entry in logs if entry["log_level"] in {"error", "critical"}]
    wrong += [f"{life.name}: {life.broken}" for life in calm.values() if life.broken]
    for (scenario, points), life in zip(planned, crashed, strict=True):
        told = [life.broken] if life.broken else []
        told += [f"never came to {point}" for point in stage.armed[life.key]]
        for kind, job_id in life.jobs.items():
            crashes = sum(point.kind == kind for point in stage.died[life.key])
            told += of_the_job(ended[calm[scenario].jobs[kind]], ended[job_id], crashes)
        wrong += [f"{each}\n    {life.name} died at: {', '.join(map(str, points))}" for each in told]
    assert planned
    elsewhere = [point for each in part.beside for point in _points(stage, calm[each])]
    return wrong, [*elsewhere, *(point for _, points in planned for point in points)]


async def _all(lives: Iterable[Awaitable[Life]]) -> list[Life]:
    return list(await asyncio.gather(*lives))
