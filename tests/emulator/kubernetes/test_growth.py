"""A cluster that has grown: fifty services and two hundred pods must hold up neither requests nor the state file."""

import json
from typing import Any

import pytest

from app.emulator.kubernetes.controllers import work
from tests.emulator.kubernetes.workloads import APPS, CORE, Driver, ready, workload

_SERVICES, _PODS = 50, 200


async def _grow(driver: Driver) -> None:
    for index in range(_SERVICES):
        labels = {"app": "web", "part": str(index)}
        document = workload(replicas=_PODS // _SERVICES, selector={"matchLabels": labels})
        document["metadata"]["name"] = f"web-{index}"
        document["spec"]["template"]["metadata"]["labels"] = labels
        await driver.create(f"{APPS}/deployments", document)
        spec = {"type": "LoadBalancer", "selector": labels, "ports": [{"port": 80, "targetPort": "http"}]}
        await driver.create(f"{CORE}/services", {"metadata": {"name": f"web-{index}"}, "spec": spec})


async def test_all_pods_run_and_all_services_have_their_endpoints(driver: Driver) -> None:
    await _grow(driver)
    driver.settle()
    assert ready(await driver.pods()) == _PODS
    endpoints = [one for one in await driver.items(f"{CORE}/endpoints") if one["metadata"]["name"].startswith("web-")]
    assert [len(one["subsets"][0]["addresses"]) for one in endpoints] == [_PODS // _SERVICES] * _SERVICES


async def test_the_controllers_leave_the_event_loop_after_a_few_milliseconds(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, turns = iter(range(10**9)), []
    # Each look at the clock finds it a millisecond later, so that a turn is over after as many objects.
    monkeypatch.setattr(f"{work.__name__}.monotonic", lambda: next(clock) / 1000)
    turn = work.Work._turn

    def counted(self: work.Work) -> None:
        before = len(self._queue)
        turn(self)
        turns.append((before, len(self._queue)))

    monkeypatch.setattr(work.Work, "_turn", counted)
    await driver.create(f"{APPS}/deployments", workload(replicas=_PODS))
    while len(await driver.pods()) < _PODS:
        pass
    await driver.cluster._controllers.work.settled()
    assert len(turns) > _PODS / work._TURN / 1000 / 2
    assert max(before - after for before, after in turns) <= work._TURN * 1000


async def test_a_snapshot_writes_only_what_has_changed(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    await _grow(driver)
    driver.settle()
    first = driver.cluster.store.dump()
    assert driver.cluster.store.dump() is first
    written: list[Any] = []
    dumps = json.dumps

    def counted(value: Any, **options: Any) -> str:
        written.append(value)
        return dumps(value, **options)

    monkeypatch.setattr(json, "dumps", counted)
    await driver.merge(f"{CORE}/services/web-7", {"metadata": {"labels": {"a": "b"}}})
    second = driver.cluster.store.dump()
    documents = [value for value in written if isinstance(value, dict) and "spec" in value]
    assert [value["metadata"]["name"] for value in documents][-1:] == ["web-7"]
    assert sum("uid" in value["metadata"] and "kind" not in value for value in documents) == 1
    assert json.loads(second)["objects"]["services"] != json.loads(first)["objects"]["services"]
