"""Resource groups. Removing one is an operation that takes along all that it holds."""

import base64
import json
import re

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document, clone
from app.emulator.core.errors import AzureError, invalid_request_content, resource_group_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page, signed
from app.emulator.core.locations import LOCATIONS, find_location
from app.emulator.core.operations import Operation
from app.emulator.core.paths import group_id
from app.emulator.core.registry import Route, Transition
from app.emulator.core.store import Resource
from app.emulator.providers.resources import group_content
from app.emulator.providers.resources.names import GROUP, GROUP_TYPE, NAMESPACE

TRANSITION = "resourceGroups.delete"
EMPTY_GROUP_SECONDS = 20
FULL_GROUP_SECONDS = 60
CLUSTER_GROUP_SECONDS = 365
RETRY_AFTER_SECONDS = 15
_NAME = re.compile(r"^[-\w._()]{1,90}(?<!\.)$")
_TAG_FILTER = re.compile(r"^tagName eq '([^']*)'(?: and tagValue eq '([^']*)')?$", re.IGNORECASE)
_CLUSTER_TYPE = "microsoft.containerservice/managedclusters"


def routes() -> list[Route]:
    """The operations of this file."""
    every = "/subscriptions/{subscription}/resourceGroups"
    result = "/subscriptions/{subscription}/operationresults/{job}"
    return [
        Route("GET", every, "ResourceGroups_List", _list, NAMESPACE),
        Route("PUT", GROUP, "ResourceGroups_CreateOrUpdate", _put, NAMESPACE, seconds=0.7),
        Route("GET", GROUP, "ResourceGroups_Get", _get, NAMESPACE),
        Route("HEAD", GROUP, "ResourceGroups_CheckExistence", _head, NAMESPACE),
        Route("PATCH", GROUP, "ResourceGroups_Update", _patch, NAMESPACE, seconds=0.5),
        Route("DELETE", GROUP, "ResourceGroups_Delete", _delete, NAMESPACE, seconds=0.3),
        Route("GET", result, "ResourceGroups_GetOperationResult", _get_result, NAMESPACE),
    ]


def transition() -> Transition:
    """The end of a removal."""

    async def succeed(cloud: Cloud, operation: Operation) -> None:
        group = cloud.store.get(operation.target)
        if group is None:
            return
        blocked = group_content.blocked(cloud, group)
        for resource in cloud.store.in_group(group.id):
            if resource.key in blocked:
                continue
            remover = cloud.remover(resource.type)
            if remover is not None:
                await remover(cloud, resource)
            cloud.store.remove(resource.id)
        if blocked:
            group_content.roll_back(cloud, group)
            operation.end("Failed", at=cloud.now(), error=group_content.blocked_error(group, blocked))
        else:
            cloud.store.remove(group.id)

    async def keep(cloud: Cloud, operation: Operation) -> None:
        group = cloud.store.get(operation.target)
        if group is not None:
            group_content.roll_back(cloud, group)

    return Transition(succeed=succeed, fail=keep, cancel=keep)


def _known(cloud: Cloud, call: Call) -> Resource:
    group = cloud.store.get(group_id(call.parameter("subscription"), call.parameter("group")))
    if group is None:
        raise resource_group_not_found(call.parameter("group"))
    return group


def _refuse_while_deleting(group: Resource) -> None:
    if group.body["properties"]["provisioningState"] == "Deleting":
        raise AzureError(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{group.name}' is in deprovisioning state and cannot perform this operation.",
        )


def _tags(document: Document) -> dict[str, str]:
    tags = document.get("tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise invalid_request_content("tags must be an object of strings")
    return tags


async def _put(cloud: Cloud, call: Call) -> Answer:
    name = call.parameter("group")
    if not _NAME.match(name):
        raise AzureError(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' has these invalid characters or is too long. "
            "The name can only be a letter, digit, '-', '.', '(', ')' or '_'.",
        )
    document = call.document()
    wanted = document.get("location")
    if not wanted:
        raise AzureError(400, "LocationRequired", "The location property is required for this definition.")
    location = find_location(wanted)
    if location is None:
        raise AzureError(
            400,
            "LocationNotAvailableForResourceGroup",
            f"The provided location '{wanted}' is not available for resource group. "
            f"List of available regions is '{','.join(LOCATIONS)}'.",
        )
    resource_id = group_id(call.parameter("subscription"), name)
    known = cloud.store.get(resource_id)
    if known is None:
        group = Resource(resource_id, GROUP_TYPE, _body(resource_id, name, location.name, document), cloud.now())
        cloud.store.put(group)
        call.effect = "created"
        return Answer(201, clone(group.body))
    _refuse_while_deleting(known)
    if known.body["location"] != location.name:
        raise AzureError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location.name}'. The Resource group already exists in location "
            f"'{known.body['location']}'.",
        )
    known.body = _body(known.id, known.name, location.name, document)
    cloud.store.touch(known)
    call.effect = "updated"
    return Answer(200, clone(known.body))


def _body(resource_id: str, name: str, location: str, document: Document) -> Document:
    body: Document = {"id": resource_id, "name": name, "type": GROUP_TYPE, "location": location}
    if document.get("managedBy"):
        body["managedBy"] = document["managedBy"]
    if document.get("tags") is not None:
        body["tags"] = _tags(document)
    body["properties"] = {"provisioningState": "Succeeded"}
    return body


async def _get(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, clone(_known(cloud, call).body))


async def _head(cloud: Cloud, call: Call) -> Answer:
    _known(cloud, call)
    return Answer(204, content_type=None)


async def _patch(cloud: Cloud, call: Call) -> Answer:
    group = _known(cloud, call)
    _refuse_while_deleting(group)
    document = call.document()
    if "tags" in document:
        group.body["tags"] = _tags(document)
    if document.get("managedBy"):
        group.body["managedBy"] = document["managedBy"]
    cloud.store.touch(group)
    call.effect = "updated"
    return Answer(200, clone(group.body))


async def _list(cloud: Cloud, call: Call) -> Answer:
    groups = cloud.store.of_type(GROUP_TYPE, under=f"/subscriptions/{call.parameter('subscription')}")
    text = call.query.get("$filter")
    if text:
        match = _TAG_FILTER.match(text.strip())
        if match is None:
            raise AzureError(
                400, "InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string."
            )
        name, value = match.groups()
        groups = [g for g in groups if name in g.body.get("tags", {}) and value in {None, g.body["tags"][name]}]
    return page(cloud, call, [clone(group.body) for group in groups])


async def _delete(cloud: Cloud, call: Call) -> Answer:
    group = _known(cloud, call)
    running = cloud.operations.running_on(group.key)
    if running:
        return Answer(202, headers=_follow(call, running[0]), content_type=None)
    content = cloud.store.in_group(group.id)
    seconds = FULL_GROUP_SECONDS if content else EMPTY_GROUP_SECONDS
    if any(resource.type.lower() == _CLUSTER_TYPE for resource in content):
        seconds = CLUSTER_GROUP_SECONDS
    group.body["properties"]["provisioningState"] = "Deleting"
    for resource in content:
        if "provisioningState" in resource.body.get("properties", {}):
            resource.body["properties"]["provisioningState"] = "Deleting"
            cloud.store.touch(resource)
    cloud.store.touch(group)
    plan = Plan(TRANSITION, group.id, group.body["location"], seconds)
    operation = cloud.begin(call, plan, arguments={"api_version": call.api_version})
    call.effect = "deleted"
    return Answer(202, headers=_follow(call, operation), content_type=None)


def _follow(call: Call, operation: Operation) -> dict[str, str]:
    job = {"jobId": f"RESOURCEGROUPDELETIONJOB-{operation.id}", "jobLocation": operation.location}
    encoded = base64.urlsafe_b64encode(json.dumps(job, separators=(",", ":")).encode()).decode().rstrip("=")
    version = operation.arguments["api_version"]
    path = f"/subscriptions/{operation.subscription}/operationresults/{encoded}?api-version={version}"
    return {"Location": signed(call.base_url + path, operation), "Retry-After": str(RETRY_AFTER_SECONDS)}


async def _get_result(cloud: Cloud, call: Call) -> Answer:
    encoded = call.parameter("job")
    try:
        job = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        operation = cloud.operations.get(job["jobId"].removeprefix("RESOURCEGROUPDELETIONJOB-"))
    except (ValueError, KeyError, TypeError, AttributeError):
        operation = None
    if operation is None:
        raise AzureError(404, "OperationNotFound", "The requested operation could not be found.")
    if operation.running:
        return Answer(202, headers=_follow(call, operation), content_type=None)
    if operation.error is not None:
        raise AzureError(409, operation.error["code"], operation.error["message"])
    return Answer(200, content_type=None)
