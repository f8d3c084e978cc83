"""Each cluster has one reader among all workers; they share the clusters evenly, and follow what comes and goes."""

from collections.abc import AsyncIterator

import pytest

from app.clusters.observe.readers import LeaseDoubtfulError
from app.db.engine import Database
from app.kubernetes.types.seen import Seen
from app.models import ClusterState, ReaderState
from tests.clusters.readers import TTL, Office, open_office


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with open_office(database) as office:
        yield office


NAMES = [f"c{number}" for number in range(7)]


async def test_workers_share_the_clusters_evenly(office: Office) -> None:
    await office.add(*NAMES)
    for _ in range(3):
        await office.hire()
    await office.rounds(2)
    assert sorted(await office.spread()) == [1, 3, 3]
    read = [cluster for readers in office.workers for cluster in readers.clusters]
    assert len(read) == len(set(read)) == 7


async def test_a_new_worker_gets_its_share(office: Office) -> None:
    await office.add(*NAMES)
    await office.hire()
    await office.rounds()
    assert await office.spread() == [7]
    await office.hire()
    await office.rounds(2)
    assert sorted(await office.spread()) == [3, 4]
    assert office.workers[0].clusters.isdisjoint(office.workers[1].clusters)


async def test_who_is_dead_is_followed_under_the_next_epoch(office: Office) -> None:
    await office.add("a", "b")
    for _ in range(2):
        await office.hire()
    await office.rounds(2)
    before = await office.rows()
    assert [row.epoch for row in before.values()] == [1, 1]
    await office.die(0)
    await office.workers[1].round()
    after = await office.rows()
    assert {row.worker_id for row in after.values()} == {office.leases[1].worker_id}
    assert sorted(row.epoch for row in after.values()) == [1, 2]


async def test_who_has_lost_its_lease_reads_no_more_and_writes_nothing(office: Office) -> None:
    await office.add("a")
    await office.hire()
    await office.rounds()
    office.leases[0].give_up()
    await office.rounds()
    assert office.workers[0].clusters == frozenset()
    (row,) = (await office.rows()).values()
    assert row.worker_id == office.leases[0].worker_id


async def test_what_a_worker_saw_under_a_doubtful_lease_goes_nowhere(office: Office) -> None:
    told: list[str] = []

    async def sink(cluster_id: str, _seen: Seen) -> None:
        told.append(cluster_id)

    office.sinks.append(sink)
    await office.hire()
    await office.workers[0].deliver("cls_a", Seen())
    office.clock.advance(TTL / 2)
    with pytest.raises(LeaseDoubtfulError):
        await office.workers[0].deliver("cls_a", Seen())
    assert told == ["cls_a"]


async def test_who_ends_leaves_its_clusters_to_the_others_at_once(office: Office) -> None:
    await office.add("a", "b")
    for _ in range(2):
        await office.hire()
    await office.rounds(2)
    await office.workers[0].stop()
    assert office.workers[0].clusters == frozenset()
    left = [row for row in (await office.rows()).values() if row.worker_id is None]
    assert [row.state for row in left] == [ReaderState.CONNECTING]
    office.leases[0].give_up()
    await office.die(0)
    await office.workers[1].round()
    assert await office.spread() == [0, 2]


async def test_what_is_deleted_is_forgotten(office: Office) -> None:
    cluster_id, other = await office.add("a", "b")
    await office.hire()
    await office.rounds()
    await office.change(cluster_id, state=ClusterState.DELETING)
    await office.rounds()
    assert set(await office.rows()) == {other}
    assert office.workers[0].clusters == {other}


async def test_what_is_stopped_says_so_and_is_taken_up_again(office: Office) -> None:
    (cluster_id,) = await office.add("a", observed={"power_state": "Running"})
    await office.hire()
    await office.rounds()
    await office.change(cluster_id, observed={"power_state": "Stopped"})
    await office.rounds(2)
    (row,) = (await office.rows()).values()
    assert (row.state, row.worker_id) == (ReaderState.STOPPED, None)
    assert office.workers[0].clusters == frozenset()
    await office.change(cluster_id, observed={"power_state": "Running"})
    await office.rounds()
    (row,) = (await office.rows()).values()
    assert (row.epoch, row.worker_id) == (2, office.leases[0].worker_id)


@pytest.mark.parametrize("state", [ClusterState.CREATING, ClusterState.FAILED, ClusterState.LOST, ClusterState.DELETED])
async def test_only_what_serves_is_read(office: Office, state: ClusterState) -> None:
    await office.add("a", state=state)
    await office.hire()
    await office.rounds()
    assert await office.rows() == {}


async def test_a_worker_reads_no_more_than_it_may(database: Database) -> None:
    async with open_office(database, most=2) as office:
        await office.add(*NAMES)
        for _ in range(2):
            await office.hire()
        await office.rounds(3)
        assert await office.spread() == [2, 2]
