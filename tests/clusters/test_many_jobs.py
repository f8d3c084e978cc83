"""Two hundred jobs of forty clusters side by side, while Azure fails one change in ten."""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import select

from app.core.settings import DatabaseSettings
from app.emulator.core.request_log import LoggedRequest
from app.emulator.local_azure import LocalAzureOptions
from app.models import Cluster, Job, NodePool
from tests.support.local_azure import FAST, LocalAzureForTests, start_local_azure
from tests.support.whole import CLUSTER, Slipway, running_slipway

_CLUSTERS = 40
_PARTS = 3
"""Of the client request id of a call that was sent for a job: job, epoch, number."""
_SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
_CREATE = {name: value for name, value in CLUSTER.items() if name != "generate_ssh_key"} | {"ssh_public_key": _SSH_KEY}
_CREATE |= {"kubernetes_version": "1.33"}
_SPOILT = ("throttle", "error", "html_502", "html_502_after", "reset_before", "reset_after", "fail_operation")
"""Of what Azure does to a change that it takes or does not take, or ends badly; together one in ten."""
_SETTLED = ("ready", "stopped")


_CHANGES: dict[str, tuple[str, str, Any]] = {
    "scale": ("POST", ":scale", {"count": 2, "node_pool": "system"}),
    "tags": ("PATCH", "", {"tags": {"turn": "2"}}),
    "pool": ("POST", "/node-pools", {"name": "more", "size": CLUSTER["node_size"], "count": 1}),
    "labels": ("PATCH", "/node-pools/system", {"labels": {"turn": "2"}}),
    "certificates": ("POST", ":rotate-certificates", None),
    "sync": ("POST", ":sync", None),
    "reconcile": ("POST", ":reconcile", None),
    "upgrade": ("POST", ":upgrade", {"kubernetes_version": "latest"}),
    "stop": ("POST", ":stop", None),
}
_START = ("POST", ":start", None)
"""Comes behind each stop."""


async def _life(slipway: Slipway, number: int) -> None:
    """A cluster that is made and changed, and every fourth time removed, all asked for as soon as it may be."""
    chance = random.Random(number)
    name = f"c{number}"
    created = await _ask(slipway, "POST", "/v1/clusters", {**_CREATE, "name": name})
    await _end(slipway, created.json()["job"]["id"])
    kinds = sorted(chance.sample(list(_CHANGES), 4), key=lambda kind: kind == "stop")
    changes = [_CHANGES[kind] for kind in kinds] + [_START] * ("stop" in kinds)
    for method, path, body in changes:
        answer = await _ask(slipway, method, f"/v1/clusters/{name}{path}", body)
        # What comes after a failure or behind a stop may be refused.
        assert answer.status_code in {200, 202, 409}, answer.text
    if number % 4 == 0:
        await _ask(slipway, "DELETE", f"/v1/clusters/{name}")


async def _ask(slipway: Slipway, method: str, path: str, body: Any = None) -> Any:
    """Ask, and ask again where the database was too busy: nothing was changed then."""
    answer = await slipway.ask(method, path, body)
    while answer.status_code == 503:
        answer = await slipway.ask(method, path, body)
    return answer


async def _end(slipway: Slipway, job_id: str) -> None:
    """Wait for the end of a job, good or bad, as long as the machine takes."""
    finished_at = None
    while finished_at is None:
        answer = await _ask(slipway, "GET", f"/v1/jobs/{job_id}?wait=30")
        assert answer.status_code == 200, answer.text
        finished_at = answer.json()["finished_at"]


def _overlaps(log: list[LoggedRequest], jobs: dict[str, Job]) -> list[str]:
    """Jobs that came back to a cluster in Azure after another one had begun with it."""
    turns: dict[str, list[str]] = defaultdict(list)
    for entry in log:
        parts = (entry.client_request_id or "").split(".")
        if len(parts) == _PARTS and entry.mutated and parts[0] in jobs:
            turns[jobs[parts[0]].target_id].append(parts[0])
    return [
        f"{jobs[job_id].kind} {job_id} overlaps another job of {cluster}"
        for cluster, sent in turns.items()
        for job_id, times in Counter(job_id for job_id, _ in itertools.groupby(sent)).items()
        if times > 1
    ]


def _busy(log: list[LoggedRequest]) -> list[str]:
    """Changes that Azure refused because another operation of the cluster went on, though all were ours."""
    return [f"{entry.method} {entry.path}" for entry in log if entry.status == 409 and not entry.fault]


async def _jobs(slipway: Slipway) -> dict[str, Job]:
    async with slipway.parts.database.read() as session:
        return {job.id: job for job in await session.scalars(select(Job))}


@dataclass(frozen=True)
class Sides:
    """What Azure has, by id in lower case, and the rows of clusters and pools."""

    held: dict[str, dict[str, Any]]
    clusters: Sequence[Cluster]
    pools: Sequence[NodePool]

    @classmethod
    async def of(cls, slipway: Slipway) -> "Sides":
        """Both sides, when all is at rest."""
        azure = slipway.azure

        async def read() -> dict[str, Any]:
            return {record.id.lower(): record.body for record in azure.azure.cloud.store}

        async with slipway.parts.database.read() as session:
            clusters = (await session.scalars(select(Cluster))).all()
            pools = (await session.scalars(select(NodePool).where(NodePool.deleted_at.is_(None)))).all()
        return cls(azure.call(read()), clusters, pools)

    def address(self, cluster: Cluster) -> str:
        """A cluster's id."""
        return (
            f"/subscriptions/{cluster.subscription_id}/resourcegroups/{cluster.resource_group}"
            f"/providers/microsoft.containerservice/managedclusters/{cluster.azure_name}"
        ).lower()

    @property
    def compared(self) -> list[Cluster]:
        """The clusters of which the rows say what Azure has: at rest and well, or gone."""
        return [cluster for cluster in self.clusters if cluster.state in {*_SETTLED, "deleted"}]

    def differences(self) -> list[str]:
        """Where Azure has something else."""
        found = []
        for cluster in self.clusters:
            there = self.address(cluster) in self.held
            if there == (cluster.state == "deleted"):
                found.append(f"{cluster.name} is {cluster.state}; in Azure: {there}")
            elif cluster.state in _SETTLED:
                ours, theirs = self._ours(cluster), self._theirs(cluster)
                found += [
                    f"{cluster.name}: {name} is {ours[name]}, in Azure {theirs[name]}" for name in _unlike(ours, theirs)
                ]
        return found

    def _ours(self, cluster: Cluster) -> dict[str, Any]:
        observed = cluster.observed or {}
        return {
            "tags": _turn(cluster.wanted["tags"]),
            "version": observed["current_kubernetes_version"],
            "power": observed["power_state"],
            "power by its state": "Stopped" if cluster.state == "stopped" else "Running",
            "pools": {row.azure_name for row in self._rows(cluster)},
            **{
                f"pool {spec['azure_name']}": (spec["count"], _turn(spec["labels"]))
                for spec in cluster.wanted["pools"]
                if spec["azure_name"] in {row.azure_name for row in self._rows(cluster) if row.state in _SETTLED}
            },
        }

    def _theirs(self, cluster: Cluster) -> dict[str, Any]:
        address = self.address(cluster)
        body = self.held[address]
        pools = {
            id_.rpartition("/")[2]: pool["properties"]
            for id_, pool in self.held.items()
            if id_.startswith(f"{address}/agentpools/")
        }
        power = body["properties"]["powerState"]["code"]
        return {
            "tags": _turn(body["tags"]),
            "version": body["properties"]["currentKubernetesVersion"],
            "power": power,
            "power by its state": power,
            "pools": set(pools),
            **{f"pool {name}": (pool["count"], _turn(pool.get("nodeLabels") or {})) for name, pool in pools.items()},
        }

    def _rows(self, cluster: Cluster) -> list[NodePool]:
        return [row for row in self.pools if row.cluster_id == cluster.id]


def _turn(values: dict[str, str]) -> str | None:
    """The tag or label that the changes set."""
    return values.get("turn")


def _unlike(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    return [name for name in ours if ours[name] != theirs.get(name)]


@pytest.fixture
def azure() -> Iterator[LocalAzureForTests]:
    """It spoils one change of clusters and pools in ten, and never counts what it is asked."""
    with start_local_azure(LocalAzureOptions(speed=FAST, throttling=False)) as azure:
        azure.register()
        for kind, method in itertools.product(_SPOILT, ("PUT", "POST", "DELETE")):
            share = {"probability": 0.1 / len(_SPOILT), "status": 503, "retry_after": 1, "count": None}
            azure.add_fault(kind, method=method, path="/managedClusters/", caller="client", **share)
        yield azure


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_of_two_hundred_jobs_no_two_of_a_cluster_overlap_and_all_end_as_azure_is(
    azure: LocalAzureForTests, database_settings: DatabaseSettings
) -> None:
    settings = database_settings.model_copy(update={"pool_size": 20})
    # The buckets would make two hundred jobs in one subscription wait, and are not the subject.
    with mock.patch("app.azure.throttle.draws", return_value=()):
        async with running_slipway(azure, settings) as slipway:
            await asyncio.gather(*(_life(slipway, number) for number in range(_CLUSTERS)))
            for job_id in await _jobs(slipway):
                await _end(slipway, job_id)
            jobs, sides = await _jobs(slipway), await Sides.of(slipway)

    log = azure.requests()
    wrong = [*_overlaps(log, jobs), *_busy(log), *sides.differences()]
    wrong += [f"{job.kind} {job.id} is {job.state}" for job in jobs.values() if job.finished_at is None]
    wrong += [
        f"{job.kind} does not explain itself" for job in jobs.values() if job.state != "succeeded" and not job.problem
    ]
    assert not wrong, "\n".join(wrong)
    assert len(jobs) >= 200
    states = Counter(cluster.state for cluster in sides.clusters)
    assert len(sides.compared) > 0.75 * _CLUSTERS, states
    versions = {cluster.observed["current_kubernetes_version"] for cluster in sides.compared if cluster.observed}
    assert len(versions) > 1, "nothing was upgraded"
    starts = Counter(job.state for job in jobs.values() if job.kind == "cluster.start")
    assert starts["succeeded"] > 0.5 * starts.total() > 5, starts
    # Those that a deletion or a stop forestalled are canceled, or explain themselves.
    assert Counter(job.state for job in jobs.values())["succeeded"] > 0.75 * len(jobs)
    assert sum(entry.fault is not None for entry in log) > 10
