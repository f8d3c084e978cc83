"""§6.2: a key is rotated while 20 volumes in 5 namespaces are mounted, and its worker dies at each step."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.engine.steps import JobView
from tests.crashes.stage import KilledError, Stage
from tests.storage.keyed import ROTATE, Keyed
from tests.support.crashes import At, Point
from tests.support.whole import Slipway

KIND = "storage_account.rotate_key"
NAMESPACES = tuple(f"team-{number}" for number in range(5))
# DBOS gives a job up whose workers die five times.
_DEATHS_OF_A_JOB = 4


class Killing:
    """Kills the workers of rotations where it was told to, and looks at all Secrets at every point of every one."""

    def __init__(self, stage: Keyed) -> None:
        self.armed: list[Point] = []
        self.reached: list[Point] = []
        self.died: list[Point] = []
        self._stage = stage

    def at(self, view: JobView, point: Point) -> None:
        """A job is at a point."""
        if view.kind != KIND:
            return
        # Whatever happens next: as things are now, each Secret opens the account.
        assert self._stage.opening.look() == [], point
        self.reached.append(point)
        if point in self.armed:
            self.armed.remove(point)
            self.died.append(point)
            raise KilledError


def shared(points: Sequence[Point]) -> list[list[Point]]:
    """The points dealt to jobs, far from one another; an end that has committed is come by once in a job."""
    last = points[-1].step
    endings = [point for point in points if point.step == last and point.at is not At.BEFORE]
    others = [point for point in points if point not in endings]
    jobs = max(len(endings), -(-len(others) // (_DEATHS_OF_A_JOB - 1)))
    return [[*others[first::jobs], *endings[first : first + 1]] for first in range(jobs)]


@pytest.mark.first
@pytest.mark.timeout(300)
async def test_at_each_moment_each_of_the_secrets_opens_the_account(slipway: Slipway) -> None:
    """Troubles 12 and 63."""
    stage = await Keyed.open(slipway)
    for namespace in NAMESPACES:
        await stage.inside.add_namespace(namespace)
    names = [f"media-{number}" for number in range(4)]
    await asyncio.gather(*(stage.bind(namespace, *names) for namespace in NAMESPACES))
    await asyncio.gather(*(stage.run(namespace, "web", *names) for namespace in NAMESPACES))
    killing = Killing(stage)
    seen = {(await stage.keys())["key1"]}

    async def rotate(*, restart: str) -> dict[str, Any]:
        # The periodic look finds nothing wrong in the middle of a rotation either.
        job_id = await slipway.accepted("POST", ROTATE, {"restart": restart})
        await stage.check_keys()
        job = await slipway.ended(job_id)
        assert job["state"] == "succeeded", job["problem"]
        seen.add((await stage.keys())["key1"])
        return job

    with Deaths(slipway, killing):
        await rotate(restart="one_by_one")
        points = list(dict.fromkeys(killing.reached))
        plan = shared(points)
        for armed in plan:
            killing.armed = list(armed)
            job = await rotate(restart="one_by_one")
            assert killing.armed == [], f"never came to {killing.armed}"
            assert job["outcome"]["secrets"] == 5

    assert set(killing.died) == set(points)
    assert {point.step for point in points} >= {
        "put_secrets",
        "verify_secrets",
        "restart_mounts",
        "regenerate_key",
        "turn_back",
        "record_rotated",
    }
    # One new key for each rotation, whatever died.
    regenerated = slipway.azure.requests(operation="StorageAccounts_RegenerateKey")
    assert sum(entry.mutated for entry in regenerated) == len(seen) - 1 == len(plan) + 1
    keys = await stage.keys()
    assert {await stage.secret(namespace) for namespace in NAMESPACES} == {keys["key1"]}
    assert stage.opening.shut == []
    assert stage.opening.writes >= 10 * len(plan)
    events = await slipway.events()
    assert [each for each in events if each["type"] == "share.key_stale"] == []


class Deaths:
    """Lets jobs die as `tests/crashes` does: each is left in the hands of a worker that is dead, and taken over."""

    def __init__(self, slipway: Slipway, killing: Killing) -> None:
        self._stage = Stage(slipway, [])
        self._stage.at = killing.at  # type: ignore[method-assign] # of this one stage
        self._open = self._stage.open()

    def __enter__(self) -> None:
        self._open.__enter__()

    def __exit__(self, *about: object) -> None:
        self._open.__exit__(*about)  # type: ignore[arg-type] # what `with` gives
