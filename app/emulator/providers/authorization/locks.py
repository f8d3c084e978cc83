"""Management locks at a subscription, a group or a resource."""

from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone, section
from app.emulator.core.errors import AzureError, resource_group_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page
from app.emulator.core.locks import LEVELS, LOCK, scope_of
from app.emulator.core.paths import group_id, key_of
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource

NAMESPACE = "Microsoft.Authorization"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_RESOURCE = f"{_GROUP}/providers/{{namespace}}/{{kind}}/{{resource}}"
_SCOPES = (_SUBSCRIPTION, _GROUP, _RESOURCE, f"{_RESOURCE}/{{part}}/{{name}}")


def routes() -> list[Route]:
    """The operations of this file."""

    def route(method: str, template: str, operation: str, handler: Any) -> Route:
        return Route(method, template, f"ManagementLocks_{operation}", handler, NAMESPACE)

    return [
        found
        for scope in _SCOPES
        for found in (
            route("GET", f"{scope}/providers/{LOCK}", "ListByScope", _list),
            route("PUT", f"{scope}/providers/{LOCK}/{{lock}}", "CreateOrUpdateByScope", _put),
            route("GET", f"{scope}/providers/{LOCK}/{{lock}}", "GetByScope", _get),
            route("DELETE", f"{scope}/providers/{LOCK}/{{lock}}", "DeleteByScope", _delete),
        )
    ]


async def _put(cloud: Cloud, call: Call) -> Answer:
    asked = section(call.document(), "properties")
    _require_scope(cloud, call)
    if asked.get("level") not in LEVELS:
        raise AzureError(400, "InvalidLockLevel", f"The lock level '{asked.get('level')}' is not valid.")
    known = cloud.store.get(call.path)
    body: Document = {
        "id": call.path,
        "name": call.parameter("lock"),
        "type": LOCK,
        "properties": {"level": asked["level"], **({"notes": asked["notes"]} if asked.get("notes") else {})},
    }
    cloud.store.put(Resource(call.path, LOCK, body, cloud.now()))
    call.effect = "created" if known is None else "updated"
    return Answer(201 if known is None else 200, clone(body))


def _require_scope(cloud: Cloud, call: Call) -> None:
    if "group" not in call.parameters:
        return
    group = group_id(call.parameter("subscription"), call.parameter("group"))
    if cloud.store.get(group) is None:
        raise resource_group_not_found(call.parameter("group"))


async def _get(cloud: Cloud, call: Call) -> Answer:
    found = cloud.store.get(call.path)
    if found is None:
        raise AzureError(404, "LockNotFound", f"The lock '{call.parameter('lock')}' could not be found.")
    return Answer(200, clone(found.body))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    if cloud.store.remove(call.path) is None:
        return Answer(204, content_type=None)
    call.effect = "deleted"
    return Answer(200, content_type=None)


async def _list(cloud: Cloud, call: Call) -> Answer:
    """Those at the scope, below it, and above it, since these hold there too."""
    scope = key_of(call.path).rpartition("/providers/")[0] + "/"
    found = []
    for lock in cloud.store.of_type(LOCK):
        of_lock = f"{key_of(scope_of(lock.id))}/"
        if of_lock.startswith(scope) or scope.startswith(of_lock):
            found.append(clone(lock.body))
    return page(cloud, call, found)
