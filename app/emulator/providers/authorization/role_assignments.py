"""Role assignments at a subscription, a group, a resource or a part of one, and some roles.

What is granted is kept and listed. It opens nothing in the local Azure itself: there only the fault `forbid` refuses.
"""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone, section
from app.emulator.core.errors import AzureError, resource_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page
from app.emulator.core.paths import key_of, split_path
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource

NAMESPACE = "Microsoft.Authorization"
_ASSIGNMENTS = f"{NAMESPACE}/roleAssignments"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_RESOURCE = f"{_GROUP}/providers/{{namespace}}/{{kind}}/{{resource}}"
_SCOPES = (_SUBSCRIPTION, _GROUP, _RESOURCE, f"{_RESOURCE}/{{part}}/{{member}}")
VERSIONS = ("2022-04-01", "2020-04-01-preview")
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
ROLES: dict[str, tuple[str, list[str], list[str]]] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": ("Owner", ["*"], []),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": (
        "Contributor",
        ["*"],
        [f"{NAMESPACE}/*/Delete", f"{NAMESPACE}/*/Write", f"{NAMESPACE}/elevateAccess/Action"],
    ),
    "4d97b98b-1d4f-4787-a291-c67834d212e7": ("Network Contributor", ["Microsoft.Network/*"], []),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": ("Reader", ["*/read"], []),
}


def routes() -> list[Route]:
    """The operations of this file."""
    found = [
        route
        for scope in _SCOPES
        for route in (
            Route("GET", f"{scope}/providers/{_ASSIGNMENTS}", "RoleAssignments_ListForScope", _list, NAMESPACE),
            Route("PUT", f"{scope}/providers/{_ASSIGNMENTS}/{{name}}", "RoleAssignments_Create", _put, NAMESPACE),
            Route("GET", f"{scope}/providers/{_ASSIGNMENTS}/{{name}}", "RoleAssignments_Get", _get, NAMESPACE),
            Route("DELETE", f"{scope}/providers/{_ASSIGNMENTS}/{{name}}", "RoleAssignments_Delete", _delete, NAMESPACE),
            Route("GET", f"{scope}/providers/{NAMESPACE}/roleDefinitions", "RoleDefinitions_List", _roles, NAMESPACE),
        )
    ]
    one = f"{_SUBSCRIPTION}/providers/{NAMESPACE}/roleDefinitions/{{name}}"
    return [*found, Route("GET", one, "RoleDefinitions_Get", _role, NAMESPACE)]


def _scope_of(call: Call) -> str:
    segments = split_path(call.path)
    end = len(segments) - [segment.lower() for segment in segments][::-1].index("providers") - 1
    return "/" + "/".join(segments[:end])


async def _put(cloud: Cloud, call: Call) -> Answer:
    asked = section(call.document(), "properties")
    principal, role = asked.get("principalId"), str(asked.get("roleDefinitionId") or "")
    if not principal or role.rpartition("/")[2].lower() not in ROLES:
        raise AzureError(400, "InvalidRoleDefinitionId", "The role assignment names no known role, or no principal.")
    known = cloud.store.get(call.path)
    body: Document = {
        "id": call.path,
        "name": call.parameter("name"),
        "type": _ASSIGNMENTS,
        "properties": {
            "roleDefinitionId": role,
            "principalId": principal,
            "principalType": asked.get("principalType") or "ServicePrincipal",
            "scope": _scope_of(call),
        },
    }
    for other in cloud.store.of_type(_ASSIGNMENTS):
        same = all(other.body["properties"][each] == body["properties"][each] for each in ("roleDefinitionId", "scope"))
        if other.key != key_of(call.path) and same and other.body["properties"]["principalId"] == principal:
            raise AzureError(409, "RoleAssignmentExists", "The role assignment already exists.")
    cloud.store.put(Resource(call.path, _ASSIGNMENTS, body, cloud.now()))
    call.effect = "created" if known is None else "updated"
    return Answer(201, body)


async def _get(cloud: Cloud, call: Call) -> Answer:
    found = cloud.store.get(call.path)
    if found is None:
        raise resource_not_found(_ASSIGNMENTS, call.parameter("name"), call.parameters.get("group", ""))
    return Answer(200, clone(found.body))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    found = cloud.store.remove(call.path)
    if found is None:
        return Answer(204, content_type=None)
    call.effect = "deleted"
    return Answer(200, clone(found.body))


async def _list(cloud: Cloud, call: Call) -> Answer:
    """Those at the scope and above it, as Azure lists them; `assignedTo('...')` and `principalId eq '...'` narrow."""
    scope, asked = key_of(_scope_of(call)), call.query.get("$filter", "")
    principal = asked.split("'")[1].lower() if asked.count("'") == 2 else None  # noqa: PLR2004 - one pair of quotes
    found = [
        clone(each.body)
        for each in cloud.store.of_type(_ASSIGNMENTS)
        if f"{scope}/".startswith(f"{key_of(each.body['properties']['scope'])}/")
        and principal in {None, str(each.body["properties"]["principalId"]).lower()}
    ]
    return page(cloud, call, found)


async def _roles(cloud: Cloud, call: Call) -> Answer:
    asked = call.query.get("$filter", "")
    named = asked.split("'")[1].lower() if asked.lower().startswith("rolename eq '") else None
    found = [_document(call, name) for name, (title, _, _) in ROLES.items() if named in {None, title.lower()}]
    return page(cloud, call, found)


async def _role(_cloud: Cloud, call: Call) -> Answer:
    name = call.parameter("name").lower()
    if name not in ROLES:
        raise AzureError(404, "RoleDefinitionDoesNotExist", f"The role definition '{name}' does not exist.")
    return Answer(200, _document(call, name))


def _document(call: Call, name: str) -> Document:
    title, actions, refused = ROLES[name]
    return {
        "id": f"/subscriptions/{call.parameter('subscription')}/providers/{NAMESPACE}/roleDefinitions/{name}",
        "name": name,
        "type": f"{NAMESPACE}/roleDefinitions",
        "properties": {
            "roleName": title,
            "type": "BuiltInRole",
            "assignableScopes": ["/"],
            "permissions": [{"actions": actions, "notActions": refused, "dataActions": [], "notDataActions": []}],
        },
    }
