"""Log Analytics workspaces: made and changed by operations, deleted at once, and kept for 14 days after that."""

from datetime import datetime, timedelta

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document, clone
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_location, require_group
from app.emulator.core.links import page, signed
from app.emulator.core.log_ingestion import customer_id
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Route, Transition
from app.emulator.core.store import Resource
from app.emulator.providers.operational_insights import documents, keys
from app.emulator.providers.operational_insights.names import (
    DELETED_TYPE,
    IN_GROUP,
    IN_SUBSCRIPTION,
    NAMESPACE,
    WORKSPACE,
    WORKSPACE_TYPE,
    refused,
    workspace_id,
    workspace_of,
)

SECONDS = {"Creating": 17, "Updating": 4}
RETRY_AFTER_SECONDS = 20
KEPT = timedelta(days=14)
"""So long a deleted workspace can be brought back by a PUT in its old place, and nothing else takes its name there."""
TRANSITION = "workspace.put"
_OPERATIONS_VERSION = "2015-11-01-preview"


def routes() -> list[Route]:
    """The operations of this file."""
    status = f"{IN_SUBSCRIPTION}/locations/{{location}}/operationstatuses/{{id}}"
    deleted = "deletedWorkspaces"
    return [
        Route("PUT", WORKSPACE, "Workspaces_CreateOrUpdate", _put, NAMESPACE, 1),
        Route("PATCH", WORKSPACE, "Workspaces_Update", _patch, NAMESPACE, 0.5),
        Route("GET", WORKSPACE, "Workspaces_Get", _get, NAMESPACE),
        Route("DELETE", WORKSPACE, "Workspaces_Delete", _delete, NAMESPACE, 3),
        Route("GET", f"{IN_GROUP}/workspaces", "Workspaces_ListByResourceGroup", _list, NAMESPACE, 0.3),
        Route("GET", f"{IN_SUBSCRIPTION}/workspaces", "Workspaces_List", _list, NAMESPACE, 0.3),
        Route("GET", f"{IN_GROUP}/{deleted}", "DeletedWorkspaces_ListByResourceGroup", _deleted, NAMESPACE, 0.3),
        Route("GET", f"{IN_SUBSCRIPTION}/{deleted}", "DeletedWorkspaces_List", _deleted, NAMESPACE, 0.3),
        Route("GET", f"{WORKSPACE}/operationresults/{{id}}", "Workspaces_OperationResult", _result, NAMESPACE),
        Route("GET", status, "OperationStatuses_Get", _status, NAMESPACE),
    ]


def transition() -> Transition:
    """What the end of a PUT does."""

    async def succeed(cloud: Cloud, operation: Operation) -> None:
        _settle(cloud, operation, "Succeeded")

    async def fail(cloud: Cloud, operation: Operation) -> None:
        _settle(cloud, operation, "Failed")

    return Transition(succeed=succeed, fail=fail, cancel=fail)


def _settle(cloud: Cloud, operation: Operation, state: str) -> None:
    if (workspace := cloud.store.get(operation.target)) is not None:
        workspace.body["properties"]["provisioningState"] = state
        cloud.store.touch(workspace)


def _show(workspace: Resource) -> Document:
    return {**clone(workspace.body), "etag": f'"{workspace.etag}"'}


async def _put(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call, for_change=True)
    name = call.parameter("workspace")
    documents.check_name(name)
    document = call.document()
    identity = workspace_id(call.parameter("subscription"), call.parameter("group"), name)
    known = cloud.store.get(identity)
    location = check_location(document, WORKSPACE_TYPE, known=known.body if known else None)
    if known is not None:
        return _change(cloud, call, known, document)
    workspace = _brought_back(cloud, identity, location, document)
    if workspace is None:
        body = documents.new_body(identity, name, location, document, customer_id=cloud.guid(), now=cloud.now())
        workspace = Resource(identity, WORKSPACE_TYPE, body, cloud.now(), {"keys": keys.new_keys(cloud)})
    cloud.store.put(workspace)
    call.effect = "created"
    return Answer(201, _show(workspace), _begin(cloud, call, workspace, "Creating"))


def _brought_back(cloud: Cloud, identity: str, location: str, document: Document) -> Resource | None:
    """A workspace that was deleted from this place: a PUT within its 14 days gives it back, with its id and data."""
    entry = cloud.store.get(_grave(identity))
    if entry is None or _forgotten(cloud, entry):
        return None
    if entry.body["location"] != location:
        raise refused(
            409,
            "Conflict",
            "A workspace with this name was deleted from the resource group and can still be recovered: use the same "
            f"location, {entry.body['location']}, or wait for its permanent removal.",
        )
    cloud.store.remove(entry.id)
    body = documents.changed_body({**entry.body, "type": WORKSPACE_TYPE, "id": identity}, document, cloud.now())
    body["properties"]["provisioningState"] = "Creating"
    return Resource(identity, WORKSPACE_TYPE, body, cloud.now(), entry.internal)


def _grave(identity: str) -> str:
    return identity.replace("/workspaces/", "/deletedWorkspaces/")


def _forgotten(cloud: Cloud, entry: Resource) -> bool:
    return cloud.now() >= datetime.fromisoformat(entry.internal["until"])


def _change(cloud: Cloud, call: Call, workspace: Resource, document: Document) -> Answer:
    if cloud.operations.running_on(workspace.key):
        raise refused(
            409, "Conflict", "The workspace is being changed by another operation. Try again when it has ended."
        )
    workspace.body = documents.changed_body(workspace.body, document, cloud.now())
    headers = _begin(cloud, call, workspace, "Updating")
    call.effect = "updated"
    return Answer(200, _show(workspace), headers)


def _begin(cloud: Cloud, call: Call, workspace: Resource, state: str) -> dict[str, str]:
    workspace.body["properties"]["provisioningState"] = state
    cloud.store.touch(workspace)
    operation = cloud.begin(call, Plan(TRANSITION, workspace.id, workspace.body["location"], SECONDS[state]))
    here = f"{call.base_url}{workspace.id}"
    status = f"{call.base_url}{_status_id(operation)}?api-version={_OPERATIONS_VERSION}"
    result = signed(f"{here}/operationresults/{operation.id}?api-version={call.api_version}", operation)
    return {
        "Azure-AsyncOperation": signed(status, operation),
        "Location": f"{here}?api-version={call.api_version}" if state == "Creating" else result,
        "Retry-After": str(RETRY_AFTER_SECONDS),
    }


def _status_id(operation: Operation) -> str:
    base = f"/subscriptions/{operation.subscription}/providers/{NAMESPACE}"
    return f"{base}/locations/{operation.location}/operationstatuses/{operation.id}"


async def _patch(cloud: Cloud, call: Call) -> Answer:
    workspace = workspace_of(cloud, call)
    workspace.body = documents.changed_body(workspace.body, call.document(), cloud.now())
    cloud.store.touch(workspace)
    call.effect = "updated"
    return Answer(200, _show(workspace))


async def _get(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, _show(workspace_of(cloud, call)))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call)
    subscription, group, name = (call.parameter(part) for part in ("subscription", "group", "workspace"))
    workspace = cloud.store.get(workspace_id(subscription, group, name))
    if workspace is None:
        return Answer(204, content_type=None)
    for operation in cloud.operations.running_on(workspace.key):
        await cloud.cancel(operation, "Canceled", None)
    cloud.store.remove(workspace.id)
    call.effect = "deleted"
    if call.query.get("force", "").lower() != "true":
        body = {**workspace.body, "id": _grave(workspace.id), "type": DELETED_TYPE}
        kept = {**workspace.internal, "until": (cloud.now() + KEPT).isoformat()}
        cloud.store.put(Resource(_grave(workspace.id), DELETED_TYPE, body, cloud.now(), kept))
    else:
        cloud.logs.forget(customer_id(workspace))
    return Answer(200, content_type=None)


async def _list(cloud: Cloud, call: Call) -> Answer:
    found = cloud.store.of_type(WORKSPACE_TYPE, under=_under(cloud, call))
    return page(cloud, call, [_show(workspace) for workspace in found])


async def _deleted(cloud: Cloud, call: Call) -> Answer:
    found = cloud.store.of_type(DELETED_TYPE, under=_under(cloud, call))
    return page(cloud, call, [_show(entry) for entry in found if not _forgotten(cloud, entry)])


def _under(cloud: Cloud, call: Call) -> str:
    if "group" in call.parameters:
        return require_group(cloud, call).id
    return f"/subscriptions/{call.parameter('subscription')}"


def _operation(cloud: Cloud, call: Call) -> Operation:
    operation = cloud.operations.get(call.parameter("id"))
    if operation is None or operation.subscription.lower() != call.parameter("subscription").lower():
        raise AzureError(404, "OperationNotFound", "The requested operation could not be found.")
    return operation


async def _status(cloud: Cloud, call: Call) -> Answer:
    operation = _operation(cloud, call)
    shown = {"id": _status_id(operation), **operation.document()}
    if operation.status == "Succeeded":
        shown["properties"] = {}
    return Answer(200, shown)


async def _result(cloud: Cloud, call: Call) -> Answer:
    if _operation(cloud, call).running:
        return Answer(202, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}, content_type=None)
    return Answer(200, _show(workspace_of(cloud, call)))
