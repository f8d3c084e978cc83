"""Answers that nobody should believe, follow or wait for; and clocks that do not agree."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from app.azure import clients, errors
from app.azure.errors import AzureError, OutcomeUnknownError, UntrustedLinkError
from app.azure.transport import MAX_BODY_BYTES
from tests.azure.arm_double import CLUSTER, GROUP, SUBSCRIPTION, ArmDouble, answers, arm_double, error
from tests.azure.story import spec

FULL: dict[str, Any] = {
    **CLUSTER,
    "tags": {"a": "b"},
    "properties": {
        "provisioningState": "Succeeded",
        "fqdn": "c.example",
        "currentKubernetesVersion": "1.33.5",
        "agentPoolProfiles": [{"name": "p", "count": 1, "vmSize": "s", "mode": "System", "provisioningState": "x"}],
        "networkProfile": {"loadBalancerProfile": {"effectiveOutboundIPs": [{"id": "/x"}]}},
        "status": {"provisioningError": {"code": "X", "message": "x"}},
    },
}
WRONG: tuple[Any, ...] = (7, "text", True, [1], ["x"], {"x": 1}, 1e400, "\ud800")


def each_wrong(document: Any) -> list[Any]:
    """The document with each value in it replaced by each wrong one."""
    if not isinstance(document, dict | list):
        return []
    found = []
    places = document.items() if isinstance(document, dict) else enumerate(document)
    for place, value in places:
        for wrong in [*WRONG, *each_wrong(value)]:
            changed = document.copy()
            changed[place] = wrong
            found.append(changed)
    return found


async def test_a_value_of_the_wrong_type_is_azures_fault_and_never_a_traceback() -> None:
    hostile = each_wrong(FULL)
    assert len(hostile) > 150
    left = list(hostile)
    refused = 0

    async def handler(_request: web.Request) -> web.Response:
        return web.json_response(left.pop())

    async with arm_double(handler) as arm:
        while left:
            try:
                await arm.azure.managed_clusters.get("g", "c", call=arm.call())
            except AzureError as error:
                if error.row is not errors.MALFORMED:
                    raise
                refused += 1
    assert refused > 100


async def test_an_answer_to_a_change_that_is_too_large_may_have_been_a_yes() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=b" " * (MAX_BODY_BYTES + 1))

    async with arm_double(handler) as arm:
        with pytest.raises(OutcomeUnknownError):
            await arm.azure.resource_groups.put("g", "westeurope", {}, call=arm.call())
        assert len(arm.requests) == 1


async def test_a_list_whose_pages_never_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_MOST_PAGES", 20)

    async def handler(request: web.Request) -> web.Response:
        link = f"http://{request.host}/subscriptions/{SUBSCRIPTION}/resourcegroups?api-version=1&skipToken=x"
        return web.json_response({"value": [GROUP], "nextLink": link})

    async with arm_double(handler) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.list_(call=arm.call())
        assert caught.value.problem.code == "azure_answer_too_large"
        assert len(arm.requests) == 20


@pytest.mark.parametrize("header", ["Azure-AsyncOperation", "Location"])
async def test_an_operation_at_another_host_is_not_asked(header: str) -> None:
    async with arm_double(answers(web.json_response({"status": "Succeeded"}))) as elsewhere:
        begun = web.json_response(CLUSTER, status=201, headers={header: elsewhere.url + "/operation"})
        async with arm_double(answers(begun)) as arm:
            answer = await arm.azure.managed_clusters.put("g", "c", spec(), call=arm.call())
            with pytest.raises(UntrustedLinkError):
                await arm.azure.operations.status(answer.operation, call=arm.call())
        assert not elsewhere.requests


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_not_even_to_azure_itself(status: int) -> None:
    async with arm_double(answers(web.Response(status=status, headers={"Location": "/elsewhere"}))) as arm:
        for ask in (_get_group, _put_group):
            with pytest.raises(UntrustedLinkError):
                await ask(arm)
        assert len(arm.requests) == 2


async def _get_group(arm: ArmDouble) -> None:
    await arm.azure.resource_groups.get("g", call=arm.call())


async def _put_group(arm: ArmDouble) -> None:
    await arm.azure.resource_groups.put("g", "westeurope", {}, call=arm.call())


async def test_a_token_that_azure_refuses_is_replaced_once_whatever_came_before_and_for_a_change_too() -> None:
    busy, ended = error(429, "Throttled", **{"Retry-After": "1"}), error(401, "ExpiredAuthenticationToken")
    async with arm_double(answers(busy, ended, web.json_response(GROUP))) as arm:
        await _put_group(arm)
        assert [request.headers["Authorization"][-1] for request in arm.requests] == ["1", "1", "2"]


@pytest.mark.parametrize("skew", [timedelta(hours=2), timedelta(0), timedelta(hours=-2)])
async def test_a_date_to_come_back_at_is_read_by_azures_clock(skew: timedelta) -> None:
    async def handler(_request: web.Request) -> web.Response:
        if len(arm.requests) > 1:
            return web.json_response(GROUP)
        there = arm.clock.now().astimezone(UTC) + skew
        dates = {"Date": format_datetime(there, usegmt=True)}
        dates["Retry-After"] = format_datetime(there + timedelta(seconds=36), usegmt=True)
        return error(429, "Throttled", **dates)

    async with arm_double(handler) as arm:
        begun = arm.clock.now()
        await _get_group(arm)
        assert timedelta(seconds=36) <= arm.clock.now() - begun < timedelta(seconds=38)


async def test_a_date_without_one_to_compare_it_with_is_read_by_our_clock() -> None:
    when = format_datetime(datetime(2026, 1, 1, 0, 0, 20, tzinfo=UTC), usegmt=True)

    async def handler(_request: web.Request) -> web.Response:
        # aiohttp writes its own Date unless it is given one.
        return error(429, "Throttled", **{"Retry-After": when, "Date": "yesterday"})

    async with arm_double(handler) as arm:
        call = arm.call()
        arm.clock.advance(timedelta(minutes=59, seconds=57))
        with pytest.raises(AzureError) as caught:
            await arm.azure.resource_groups.get("g", call=call)
        assert caught.value.retry_after is None
