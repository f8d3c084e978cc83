"""Network's operations: how they begin, what their ends do, and what their URLs say."""

import math
from collections.abc import Callable, Mapping

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document, clone
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import status_headers
from app.emulator.core.network_documents import NETWORK
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Route, Transition
from app.emulator.core.store import Resource
from app.emulator.providers.network.drafts import Kind
from app.emulator.providers.network.names import IN_SUBSCRIPTION
from app.emulator.providers.network.references import ReferenceIndex
from app.emulator.providers.network.views import etag_of, show

PUT = "network.put"
DELETE = "network.delete"
DELETE_SECONDS = 10
DELETE_RETRY_AFTER = 10
LONGEST_RETRY_AFTER = 40
_LOCATION = f"{IN_SUBSCRIPTION}/locations/{{location}}"
_UNSETTLED = ("Updating", "Failed")


def set_state(cloud: Cloud, resource: Resource, state: str, *, parts: bool = True) -> None:
    """The provisioning state of a resource and, unless they go away, of its parts."""
    properties = resource.body["properties"]
    properties["provisioningState"] = state
    for items in properties.values() if parts else ():
        for item in items if isinstance(items, list) else ():
            inner = item.get("properties") if isinstance(item, dict) else None
            if isinstance(inner, dict) and inner.get("provisioningState") in {*_UNSETTLED, "Deleting"}:
                inner["provisioningState"] = state
    cloud.store.touch(resource)


def begin_put(cloud: Cloud, call: Call, resource: Resource, seconds: float) -> Operation:
    """The operation of a PUT that was accepted."""
    return cloud.begin(call, Plan(PUT, resource.id, resource.body["location"], seconds))


def begin_delete(cloud: Cloud, call: Call, resource: Resource, part: tuple[str, str] | None = None) -> Operation:
    """The operation of a removal: of a resource, or of one of its parts (list and name)."""
    arguments: Document = {"kind": part[0], "name": part[1]} if part is not None else {}
    plan = Plan(DELETE, resource.id, resource.body["location"], DELETE_SECONDS)
    return cloud.begin(call, plan, arguments=arguments)


def follow(
    cloud: Cloud, call: Call, operation: Operation, retry_after: float | None, *, location: bool
) -> dict[str, str]:
    """The headers that lead to an operation; `retry_after` in seconds of real Azure."""
    headers = status_headers(call, operation, namespace=NETWORK, location=location)
    if retry_after is not None:
        headers["Retry-After"] = _retry_after(cloud, retry_after)
    return headers


def _retry_after(cloud: Cloud, seconds: float) -> str:
    """Scaled, as the operation is; never 0, which clients take for absent."""
    return str(max(1, math.ceil(seconds / cloud.speed)))


class Operations:
    """The effects of operations, and the routes that tell of them."""

    def __init__(self, kinds: Mapping[str, Kind], index: ReferenceIndex) -> None:
        """Finish and remove resources as `kinds` say, by type."""
        self._kinds = kinds
        self._index = index

    def routes(self) -> list[Route]:
        """Both URLs of an operation."""
        return [
            Route("GET", f"{_LOCATION}/operations/{{id}}", "Network_GetOperation", self._status, NETWORK),
            Route("GET", f"{_LOCATION}/operationresults/{{id}}", "Network_GetOperationResult", self._result, NETWORK),
        ]

    def transitions(self) -> dict[str, Transition]:
        """By the name that plans refer to."""
        return {
            PUT: Transition(self._put, self._failed, self._failed),
            DELETE: Transition(self._deleted, self._failed, self._failed),
        }

    def guard(self, cloud: Cloud, resource: Resource, leaves: Callable[[str], bool]) -> None:
        """Raise the refusal for a resource that something uses which does not leave with it."""
        self._kinds[resource.type].check_removal(resource, self._index.of(cloud).without(leaves))

    async def remove(self, cloud: Cloud, resource: Resource) -> None:
        """What the removal of a resource group does to others."""
        self._kinds[resource.type].release(cloud, resource, self._index.of(cloud))

    async def _put(self, cloud: Cloud, operation: Operation) -> None:
        resource = cloud.store.get(operation.target)
        if resource is not None:
            self._kinds[resource.type].finish(cloud, resource)
            set_state(cloud, resource, "Succeeded")

    async def _failed(self, cloud: Cloud, operation: Operation) -> None:
        resource = cloud.store.get(operation.target)
        if resource is not None:
            set_state(cloud, resource, "Failed")

    async def _deleted(self, cloud: Cloud, operation: Operation) -> None:
        resource = cloud.store.get(operation.target)
        if resource is None:
            return
        if operation.arguments:
            kind, name = operation.arguments["kind"], operation.arguments["name"]
            parts: list[Document] = resource.body["properties"][kind]
            resource.body["properties"][kind] = [part for part in parts if part["name"] != name]
            set_state(cloud, resource, "Succeeded")
            return
        self._kinds[resource.type].release(cloud, resource, self._index.of(cloud))
        cloud.store.remove(resource.id)

    def _find(self, cloud: Cloud, call: Call) -> Operation:
        operation = cloud.operations.get(call.parameter("id"))
        if operation is None or operation.subscription.lower() != call.parameter("subscription").lower():
            raise AzureError(404, "OperationNotFound", f"Operation {call.parameter('id')} was not found.", details=[])
        return operation

    async def _status(self, cloud: Cloud, call: Call) -> Answer:
        operation = self._find(cloud, call)
        body: Document = {"status": operation.status}
        headers: dict[str, str] = {}
        if operation.error is not None:
            body["error"] = clone(operation.error)
        if operation.running:
            headers["Retry-After"] = _retry_after(cloud, self._wait(cloud, operation))
        return Answer(200, body, headers)

    def _wait(self, cloud: Cloud, operation: Operation) -> float:
        """It grows with the age of the operation."""
        age = (cloud.now() - operation.started).total_seconds() * cloud.speed
        return max(DELETE_RETRY_AFTER, min(LONGEST_RETRY_AFTER, age))

    async def _result(self, cloud: Cloud, call: Call) -> Answer:
        operation = self._find(cloud, call)
        if operation.running:
            headers = follow(cloud, call, operation, self._wait(cloud, operation), location=True)
            return Answer(202, headers=headers, content_type=None)
        if operation.error is not None:
            raise AzureError(400, operation.error["code"], operation.error["message"], details=[])
        resource = cloud.store.get(operation.target) if operation.transition == PUT else None
        if resource is None:
            return Answer(204, content_type=None)
        return Answer(200, show(resource, self._index.of(cloud)), {"ETag": etag_of(resource)})
