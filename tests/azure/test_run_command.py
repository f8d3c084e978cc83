"""Commands that AKS runs inside a cluster: what their ends become."""

from typing import Any

import pytest
from aiohttp import web

from app.azure.errors import AzureDeadlineError, AzureError
from app.azure.run_command import CommandResult
from tests.azure.arm_double import ArmDouble, answers, arm_double


async def accepted(request: web.Request) -> web.StreamResponse:
    return web.Response(status=202, headers={"Location": f"http://{request.host}/results/1"})


def ended(**properties: Any) -> web.Response:
    return web.json_response({"id": "1", "properties": {"provisioningState": "Succeeded", **properties}})


async def run(arm: ArmDouble) -> CommandResult:
    return await arm.azure.run_commands.run("g", "c", "kubectl get nodes", call=arm.call())


async def test_a_command_is_waited_for_where_azure_says() -> None:
    async with arm_double(answers(accepted, accepted, ended(exitCode=3, logs="a secret"))) as arm:
        result = await run(arm)
    assert (result.exit_code, result.logs) == (3, "a secret")
    assert arm.methods() == ["POST", "GET", "GET"]
    assert "a secret" not in repr(result)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (web.Response(status=202), "azure_answer_malformed"),
        (ended(logs="x"), "azure_answer_malformed"),
        (ended(exitCode="0"), "azure_answer_malformed"),
        (ended(provisioningState="Failed", reason="KubernetesOperationError: no node"), "azure_unknown_error"),
    ],
)
async def test_what_is_no_result_is_an_error(answer: web.Response, code: str) -> None:
    async with arm_double(answers(answer)) as arm:
        with pytest.raises(AzureError) as caught:
            await run(arm)
    assert caught.value.problem.code == code


async def test_a_command_that_does_not_end_costs_its_deadline() -> None:
    async with arm_double(answers(accepted)) as arm:
        with pytest.raises(AzureDeadlineError):
            await run(arm)
    assert sum(arm.slept) < 4000
