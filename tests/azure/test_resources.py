"""Azure's objects as they are read and put back, against answers that a test gives."""

import pytest
from aiohttp import web

from app.azure.errors import AzureError
from app.azure.types.operation import OperationKind
from tests.azure.arm_double import CLUSTER, answers, arm_double, error
from tests.azure.story import spec


async def test_a_missing_thing_is_none() -> None:
    async with arm_double(answers(error(404, "ResourceGroupNotFound"))) as arm:
        assert await arm.azure.resource_groups.get("g", call=arm.call()) is None
        assert await arm.azure.managed_clusters.get("g", "c", call=arm.call()) is None
        assert await arm.azure.managed_clusters.delete("g", "c", call=arm.call()) is None
        assert await arm.azure.resource_groups.delete("g", call=arm.call()) is None


async def test_a_group_whose_removal_failed_says_why() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.method == "DELETE":
            return web.Response(status=202, headers={"Location": str(request.url.with_path("/operationresults/1"))})
        return error(409, "ScopeLocked", "A lock forbids it.")

    async with arm_double(handler) as arm:
        operation = await arm.azure.resource_groups.delete("g", call=arm.call())
        assert operation is not None
        assert operation.kind is OperationKind.LOCATION
        status = await arm.azure.operations.status(operation, call=arm.call())
        assert (status.done, status.succeeded) == (True, False)
        assert status.error is not None
        assert status.error.problem.code == "azure_scope_locked"


async def test_a_list_is_read_across_its_pages() -> None:
    async def pages(request: web.Request) -> web.StreamResponse:
        if "skipToken" in request.query:
            return web.json_response({"value": [{**CLUSTER, "name": "second"}]})
        return web.json_response({"value": [CLUSTER], "nextLink": f"{request.url}&skipToken=1"})

    async with arm_double(pages) as arm:
        found = await arm.azure.managed_clusters.list_(call=arm.call())
        assert [cluster.name for cluster in found] == ["c", "second"]


@pytest.mark.parametrize(
    "page", [{"value": "x"}, {"value": [1]}, {"value": [{"id": 1}]}, {"value": [{**CLUSTER, "tags": [1]}]}]
)
async def test_a_page_of_a_wrong_shape_is_azures_fault(page: dict[str, object]) -> None:
    async with arm_double(answers(web.json_response(page))) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.managed_clusters.list_(call=arm.call())
        assert caught.value.problem.code == "azure_answer_malformed"


async def test_an_unregistered_provider_is_not_registered_behind_our_back() -> None:
    async with arm_double(answers(error(409, "MissingSubscriptionRegistration"))) as arm:
        with pytest.raises(AzureError) as caught:
            await arm.azure.managed_clusters.create("g", "c", spec(), call=arm.call())
        assert caught.value.action == "register_provider"
        assert arm.methods() == ["PUT"]


async def test_an_upgrade_puts_the_object_back_with_what_it_does_not_know() -> None:
    bodies = []

    async def handler(request: web.Request) -> web.StreamResponse:
        properties = {"provisioningState": "Succeeded", "kubernetesVersion": "1.33", "fromTheFuture": {"a": 1}}
        if request.method == "PUT":
            bodies.append(await request.json())
            return web.json_response(
                {**CLUSTER, "properties": {**properties, "provisioningState": "Updating"}},
                headers={"Azure-AsyncOperation": str(request.url.with_path("/operation"))},
            )
        return web.json_response({**CLUSTER, "eTag": "e1", "properties": properties})

    async with arm_double(handler) as arm:
        answer = await arm.azure.managed_clusters.upgrade("g", "c", "1.34", call=arm.call())
        assert answer.operation.kind is OperationKind.ASYNC_OPERATION
        assert answer.cluster.provisioning_state == "Updating"
        assert bodies[0]["properties"] == {"kubernetesVersion": "1.34", "fromTheFuture": {"a": 1}}
        assert arm.requests[1].headers["If-Match"].strip('"') == "e1"
        assert arm.methods() == ["GET", "PUT"]
