"""Every kind of fault, on a real connection."""

import asyncio
import json

import aiohttp
import pytest

from tests.emulator.conftest import Arm
from tests.support.local_azure import LocalAzureForTests

PUT = "ResourceGroups_CreateOrUpdate"


async def test_a_throttled_request_has_no_effect_and_tells_when_to_come_back(
    arm: Arm, stopped_azure: LocalAzureForTests
) -> None:
    stopped_azure.add_fault("throttle", operation=PUT, retry_after=36)
    refused = await arm.make_group()
    assert (refused.status, refused.headers["retry-after"], refused.body["code"]) == (429, "36", "Throttled")
    assert (await arm.make_group()).status == 201


async def test_an_error_comes_before_or_after_the_effect(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("error", operation=PUT, status=503, code="ServerBusy", message="busy", retry_after=2)
    refused = await arm.make_group()
    assert (refused.status, refused.body["error"]["code"], refused.headers["retry-after"]) == (503, "ServerBusy", "2")
    stopped_azure.add_fault("error_after", operation=PUT, flat=True)
    late = await arm.make_group()
    assert (late.status, late.body["code"]) == (500, "InternalServerError")
    assert (await arm.make_group()).status == 200
    assert [entry.effect for entry in stopped_azure.requests(operation=PUT)] == [None, "created", "updated"]


async def test_a_whole_error_body_can_be_given(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    nested = {"error": {"code": "A", "details": [{"code": "B", "message": '{"code":"C"}'}]}}
    stopped_azure.add_fault("error", operation=PUT, status=400, body=nested)
    assert (await arm.make_group()).body == nested


@pytest.mark.parametrize(("kind", "effect"), [("html_502", None), ("html_502_after", "created")])
async def test_a_bad_gateway_answers_in_html(
    arm: Arm, stopped_azure: LocalAzureForTests, kind: str, effect: str | None
) -> None:
    stopped_azure.add_fault(kind, operation=PUT)
    reply = await arm.make_group()
    assert (reply.status, reply.headers["content-type"]) == (502, "text/html")
    assert "<html>" in reply.text
    assert stopped_azure.requests(operation=PUT)[0].effect == effect


@pytest.mark.parametrize(("kind", "effect"), [("reset_before", None), ("reset_after", "created")])
async def test_a_connection_is_reset_before_or_after_the_effect(
    arm: Arm, stopped_azure: LocalAzureForTests, kind: str, effect: str | None
) -> None:
    stopped_azure.add_fault(kind, operation=PUT)
    with pytest.raises(aiohttp.ClientOSError) as raised:
        await arm.make_group()
    assert isinstance(raised.value, ConnectionResetError | aiohttp.ClientOSError)
    entry = stopped_azure.requests(operation=PUT)[0]
    assert (entry.effect, entry.status, entry.fault) == (effect, 0, kind)


@pytest.mark.parametrize(("kind", "effect"), [("hang_before", None), ("hang_after", "created")])
async def test_a_request_is_never_answered(
    arm: Arm, stopped_azure: LocalAzureForTests, kind: str, effect: str | None
) -> None:
    stopped_azure.add_fault(kind, operation=PUT)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await arm.make_group()
    assert stopped_azure.requests(operation=PUT)[0].effect == effect


async def test_a_body_is_malformed_or_only_half_there(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("malformed", operation=PUT)
    with pytest.raises(json.JSONDecodeError):
        await arm.make_group()
    stopped_azure.add_fault("half_body", operation=PUT)
    with pytest.raises(aiohttp.ClientPayloadError):
        await arm.make_group()


async def test_a_delay_lasts_as_long_as_the_clock_says(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("delay", operation=PUT, seconds=30)
    waiting = asyncio.create_task(arm.make_group())
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    stopped_azure.advance(30)
    assert (await waiting).status == 201


async def test_skip_count_and_path_choose_the_requests(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("error", method="put", path="/resourcegroups/g[12]$", skip=1, count=2)
    names = ("g1", "g3", "g2", "g1", "g2")
    assert [(await arm.make_group(name)).status for name in names] == [201, 201, 500, 500, 201]


async def test_one_seed_decides_about_probabilities(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    async def draw() -> list[int]:
        stopped_azure.reset()
        stopped_azure.azure.cloud.faults.randomness.seed(7)
        stopped_azure.add_fault("error", operation="ResourceGroups_List", probability=0.5, count=None)
        return [(await arm.send("GET", "resourceGroups")).status for _ in range(20)]

    first = await draw()
    assert set(first) == {200, 500}
    assert await draw() == first


async def test_faults_are_set_listed_and_lifted_over_http(arm: Arm) -> None:
    url = arm.azure.url + "/_local/faults"
    async with arm.session.post(url, json={"kind": "nonsense"}) as refused:
        assert refused.status == 400
        assert "unknown kind" in (await refused.json())["error"]
    async with arm.session.post(url, json={"kind": "error", "path": "("}) as refused:
        assert refused.status == 400
    async with arm.session.post(url, json={"kind": "error", "operation": PUT, "count": None}) as added:
        fault = await added.json()
    assert (await arm.make_group()).status == 500
    async with arm.session.get(url) as listed:
        assert [entry["hits"] for entry in (await listed.json())["faults"]] == [1]
    async with arm.session.delete(f"{url}/{fault['id']}"):
        assert (await arm.make_group()).status == 201


async def test_a_login_is_hit_only_by_a_fault_that_names_it(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    url = arm.azure.url + "/msi/token?resource=https://management.azure.com"
    headers = {"X-IDENTITY-HEADER": arm.azure.identity_env["IDENTITY_HEADER"]}

    async def login() -> int:
        async with arm.session.get(url, headers=headers) as reply:
            await reply.read()
            return reply.status

    stopped_azure.add_fault("error", status=503)
    assert await login() == 200
    stopped_azure.clear_faults()
    stopped_azure.add_fault("error", operation="Identity_GetToken", status=401, code="unauthorized")
    assert [await login(), await login()] == [401, 200]
    stopped_azure.add_fault("malformed", operation="identity_gettoken")
    async with arm.session.get(url, headers=headers) as reply:
        assert (await reply.text()).endswith(",}")
    stopped_azure.add_fault("reset_after", operation="Identity_GetToken")
    with pytest.raises(aiohttp.ClientOSError):
        await login()
