"""What a cluster's reader sees: others' Services appear and go, own ones are compared, and nothing is changed there."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from app.core.ids import Prefix, new_id
from app.kubernetes.types.seen import Seen
from app.kubernetes.types.service import EventSeen, ServicePort, ServiceState
from app.load_balancers.observe.services import observe_services
from app.load_balancers.specs.services import EXPOSURE_LABEL
from app.models import Exposure, ExposureState
from tests.load_balancers.exposing import EXPOSURES, WEB, add_cluster, add_exposure, row_of
from tests.support.whole import Slipway

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
HELM = ServiceState(
    "shop", "gateway", "uid-1", "7", "LoadBalancer",
    annotations={"service.beta.kubernetes.io/azure-dns-label-name": "shop", "helm/secret": "x"},
    ports=(ServicePort("https", 443, 8443, "TCP", 31443),),
    ingress=("20.1.2.3",), managers=("Helm",),
)  # fmt: skip
OURS = replace(HELM, namespace="default", name="web", uid="uid-2")


def failed(message: str, *, count: int = 1, uid: str = "uid-1", reason: str = "SyncLoadBalancerFailed") -> EventSeen:
    type_ = "Warning" if "Failed" in reason else "Normal"
    return EventSeen(reason, message, type_, count, AT, AT, "service-controller", "Service", "gateway", "shop", uid)


class Reader:
    """A cluster's reader whose words a test puts into its mouth."""

    def __init__(self, slipway: Slipway, cluster_id: str) -> None:
        self.slipway = slipway
        self.cluster_id = cluster_id

    async def sees(self, *services: ServiceState, events: tuple[EventSeen, ...] = ()) -> list[Exposure]:
        parts = self.slipway.parts
        await observe_services(parts.database, parts.clock, self.cluster_id, Seen(services, None, events))
        async with parts.database.read() as session:
            return list((await session.scalars(select(Exposure).order_by(Exposure.id))).all())

    async def events(self) -> list[str]:
        return [each["type"] for each in await self.slipway.events() if each["subject_type"] == "exposure"]


@pytest.fixture
async def reader(idle_slipway: Slipway) -> Reader:
    return Reader(idle_slipway, (await add_cluster(idle_slipway)).id)


async def test_a_service_of_others_is_listed_with_what_it_is(reader: Reader) -> None:
    """Trouble 53: address, DNS label and ports, without what its annotations hold for others."""
    await reader.sees(HELM, replace(HELM, name="inside", type="ClusterIP"))
    listed = (await reader.slipway.ask("GET", EXPOSURES)).json()["items"]
    assert len(listed) == 1
    found = listed[0]
    assert (found["namespace"], found["name"], found["managed"], found["state"]) == ("shop", "gateway", False, "ready")
    assert [each["address"] for each in found["addresses"]] == ["20.1.2.3"]
    assert found["ports"] == [
        {"name": "https", "port": 443, "target_port": 8443, "protocol": "TCP", "node_port": 31443}
    ]
    assert (found["observed"]["dns_label"], found["observed"]["managers"]) == ("shop", ["Helm"])
    assert "helm/secret" not in found["observed"]["annotations"]
    assert await reader.events() == ["exposure.found"]


async def test_what_has_not_changed_is_not_written_again(reader: Reader) -> None:
    first = (await reader.sees(HELM))[0]
    second = (await reader.sees(replace(HELM, resource_version="8")))[0]
    assert (second.version, second.observed_at) == (first.version, first.observed_at)
    moved = (await reader.sees(replace(HELM, ingress=("20.9.9.9",))))[0]
    assert moved.version == first.version + 1


async def test_a_service_of_others_that_goes_is_gone_and_its_name_free(reader: Reader) -> None:
    await reader.sees(HELM)
    going = (await reader.sees(replace(HELM, deleting=True)))[0]
    assert going.state == ExposureState.DELETING
    gone = (await reader.sees())[0]
    assert (gone.state, gone.addresses) == (ExposureState.DELETED, [])
    assert gone.deleted_at is not None
    assert [row.state for row in await reader.sees(HELM)] == [ExposureState.DELETED, ExposureState.READY]
    assert await reader.events() == ["exposure.found", "exposure.gone", "exposure.found"]


async def test_why_it_waits_is_told_until_the_controller_is_done(reader: Reader) -> None:
    """Trouble 53: the controller's event, decoded."""
    waits = replace(HELM, ingress=())
    quota = failed("Error syncing load balancer: ... ERROR CODE: PublicIPCountLimitReached ...")
    row = (await reader.sees(waits, events=(quota,)))[0]
    assert row.state == ExposureState.PENDING
    shown = (await reader.slipway.ask("GET", f"{EXPOSURES}/{row.id}")).json()["pending"]
    assert (shown["code"], shown["retryable"]) == ("azure_public_ip_limit", False)
    assert "share_address_with" in shown["remedy"]
    # The same list again, without a word about it, forgets nothing.
    assert (await reader.sees(waits))[0].observed["pending"]["code"] == "azure_public_ip_limit"  # type: ignore[index]
    done = failed("Ensured load balancer", reason="EnsuredLoadBalancer")
    row = (await reader.sees(HELM, events=(quota, done)))[0]
    assert row.state == ExposureState.READY
    assert "pending" not in (row.observed or {})


async def test_events_of_another_service_of_the_name_say_nothing_of_this_one(reader: Reader) -> None:
    row = (await reader.sees(HELM, events=(failed("ERROR CODE: ScopeLocked", uid="uid-before"),)))[0]
    assert "pending" not in (row.observed or {})


async def own(reader: Reader, **fields: Any) -> tuple[Exposure, ServiceState]:
    cluster = await add_cluster(reader.slipway, "green")
    reader.cluster_id = cluster.id
    fields = {"service_uid": "uid-2", "wanted": {"ports": [{"port": 80}]}, **fields}
    row = await add_exposure(reader.slipway, cluster, "web", id=new_id(Prefix.EXPOSURE), **fields)
    return row, replace(OURS, labels={EXPOSURE_LABEL: row.id})


async def test_an_own_service_that_vanished_is_lost_and_not_made_again(reader: Reader) -> None:
    """Trouble 30, for a Service: `lost`, an event, and no new one by itself."""
    row, service = await own(reader)
    await reader.sees(service)
    lost = (await reader.sees())[0]
    assert (lost.state, lost.addresses, lost.deleted_at) == (ExposureState.LOST, [], None)
    assert (await reader.sees(service))[0].state == ExposureState.READY
    assert await reader.events() == ["exposure.lost", "exposure.recovered"]
    assert (await reader.slipway.ask("GET", "/v1/jobs")).json()["items"] == []
    assert (await row_of(reader.slipway, row.id)).managed


async def test_another_service_in_the_place_of_an_own_one_is_not_taken_for_it(reader: Reader) -> None:
    row, _ = await own(reader)
    found = await reader.sees(OURS)
    assert [(each.id, each.state, each.managed) for each in found] == [(row.id, ExposureState.LOST, True)]


async def test_a_service_that_comes_round_after_its_job_gave_up_is_ready(reader: Reader) -> None:
    _, service = await own(reader, state=ExposureState.FAILED, observed={"pending": {"code": "x"}})
    found = (await reader.sees(service))[0]
    assert (found.state, [each["address"] for each in found.addresses]) == (ExposureState.READY, ["20.1.2.3"])
    assert "pending" not in (found.observed or {})


async def test_what_a_job_has_in_its_hands_keeps_its_state(reader: Reader) -> None:
    made = (await reader.slipway.ask("POST", EXPOSURES, WEB)).json()["resource"]
    await reader.sees(replace(OURS, labels={EXPOSURE_LABEL: made["id"]}))
    assert (await row_of(reader.slipway, made["id"])).state == ExposureState.PENDING
    await reader.sees()
    assert (await row_of(reader.slipway, made["id"])).state == ExposureState.PENDING


async def test_what_azure_showed_of_an_address_outlives_the_next_look_at_the_service(reader: Reader) -> None:
    known = {"address": "20.1.2.3", "internal": False, "azure_id": "/x", "origin": "exposure"}
    _, service = await own(reader, addresses=[known], observed={"health": {"ready": 2, "not_ready": 0}})
    found = (await reader.sees(service))[0]
    assert found.addresses == [known]
    assert (found.observed or {})["health"] == {"ready": 2, "not_ready": 0}
