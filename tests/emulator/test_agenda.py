"""What is planned happens in the order of its time, whatever the clock skipped, and at another speed later."""

from datetime import datetime, timedelta

from app.emulator.core.agenda import Agenda
from tests.support.local_azure import LocalAzureForTests


async def test_a_jump_of_the_clock_plays_what_lies_on_its_way_in_order(stopped_azure: LocalAzureForTests) -> None:
    cloud = stopped_azure.azure.cloud
    seen: list[tuple[str, float]] = []
    start = cloud.now()

    def note(name: str, then: float | None = None) -> None:
        async def action(at: datetime) -> None:
            seen.append((name, (at - start).total_seconds()))
            if then is not None:
                cloud.plan("again", at + timedelta(seconds=then), again)

        async def again(at: datetime) -> None:
            seen.append(("again", (at - start).total_seconds()))

        cloud.plan(name, start + timedelta(seconds={"first": 5, "second": 30, "late": 90}[name]), action)

    async def plan() -> None:
        note("second")
        note("first", then=10)
        note("late")

    stopped_azure.call(plan())
    stopped_azure.advance(60)
    assert seen == [("first", 5), ("again", 15), ("second", 30)]
    stopped_azure.advance(60)
    assert seen[-1] == ("late", 90)


async def test_what_breaks_ends_itself_and_nothing_else(stopped_azure: LocalAzureForTests) -> None:
    cloud = stopped_azure.azure.cloud
    seen: list[str] = []

    async def breaks(_at: datetime) -> None:
        raise RuntimeError("planned")

    async def works(_at: datetime) -> None:
        seen.append("works")

    async def plan() -> None:
        cloud.plan("breaks", cloud.now() + timedelta(seconds=1), breaks)
        cloud.plan("works", cloud.now() + timedelta(seconds=2), works)

    stopped_azure.call(plan())
    stopped_azure.advance(5)
    assert seen == ["works"]


async def test_another_speed_stretches_what_is_to_come() -> None:
    agenda, now = Agenda(), datetime.fromisoformat("2026-01-01T00:00:00+00:00")

    async def nothing(_at: datetime) -> None:
        return

    agenda.set("past", now - timedelta(seconds=5), nothing)
    agenda.set("future", now + timedelta(seconds=10), nothing)
    agenda.rescale(now, 0.5)
    assert agenda.take().at == now - timedelta(seconds=5)
    assert agenda.take().at == now + timedelta(seconds=5)
