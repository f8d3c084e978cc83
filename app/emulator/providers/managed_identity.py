"""Microsoft.ManagedIdentity: user-assigned identities, and what tokens of others stand for them."""

from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone, section
from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_location, check_tags, require_group
from app.emulator.core.links import page
from app.emulator.core.registry import Provider, ResourceType, Route
from app.emulator.core.store import Resource
from app.emulator.core.stored_reads import read_routes, require_stored

NAMESPACE = "Microsoft.ManagedIdentity"
IDENTITY, FEDERATED = (
    f"{NAMESPACE}/userAssignedIdentities",
    f"{NAMESPACE}/userAssignedIdentities/federatedIdentityCredentials",
)
_LISTS = ("ListByResourceGroup", "ListBySubscription")
_ONE = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{IDENTITY}/{{identity}}"
_VERSIONS = ("2024-11-30", "2023-01-31")


def provider() -> Provider:
    """The provider, ready to be joined."""

    def route(method: str, template: str, operation: str, handler: Any) -> Route:
        return Route(method, template, operation, handler, NAMESPACE, 1)

    federated = f"{_ONE}/federatedIdentityCredentials"
    return Provider(
        namespace=NAMESPACE,
        resource_types=[
            ResourceType("userAssignedIdentities", _VERSIONS),
            ResourceType("userAssignedIdentities/federatedIdentityCredentials", _VERSIONS),
        ],
        routes=[
            *read_routes(IDENTITY, "UserAssignedIdentities", lists=_LISTS, show=_shown),
            route("PUT", _ONE, "UserAssignedIdentities_CreateOrUpdate", _put),
            route("PATCH", _ONE, "UserAssignedIdentities_Update", _patch),
            route("DELETE", _ONE, "UserAssignedIdentities_Delete", _delete),
            route("GET", federated, "FederatedIdentityCredentials_List", _list_federated),
            route("GET", f"{federated}/{{name}}", "FederatedIdentityCredentials_Get", _get_federated),
            route("PUT", f"{federated}/{{name}}", "FederatedIdentityCredentials_CreateOrUpdate", _put_federated),
            route("DELETE", f"{federated}/{{name}}", "FederatedIdentityCredentials_Delete", _delete),
        ],
    )


def _shown(_cloud: Cloud, _call: Call, identity: Resource) -> Document:
    return clone(identity.body)


async def _put(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call, for_change=True)
    document, known = call.document(), cloud.store.get(call.path)
    location = check_location(document, IDENTITY, known=known.body if known else None)
    if known is not None:
        known.body["tags"] = check_tags(document)
        cloud.store.touch(known)
        call.effect = "updated"
        return Answer(200, clone(known.body))
    body: Document = {
        "id": call.path,
        "name": call.parameter("identity"),
        "type": IDENTITY,
        "location": location,
        "tags": check_tags(document),
        "properties": {
            "tenantId": cloud.settings.tenant_id,
            "principalId": cloud.guid(),
            "clientId": cloud.guid(),
            "isolationScope": "None",
        },
    }
    cloud.store.put(Resource(call.path, IDENTITY, body, cloud.now()))
    call.effect = "created"
    return Answer(201, clone(body))


async def _patch(cloud: Cloud, call: Call) -> Answer:
    known = require_stored(cloud, call, call.path)
    known.body["tags"] = check_tags(call.document())
    cloud.store.touch(known)
    call.effect = "updated"
    return Answer(200, clone(known.body))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call)
    if cloud.store.remove(call.path) is None:
        return Answer(204, content_type=None)
    for credential in cloud.store.of_type(FEDERATED, under=call.path):
        cloud.store.remove(credential.id)
    call.effect = "deleted"
    return Answer(200, content_type=None)


async def _put_federated(cloud: Cloud, call: Call) -> Answer:
    identity = require_stored(cloud, call, call.path.rpartition("/federatedIdentityCredentials/")[0])
    asked = section(call.document(), "properties")
    audiences = asked.get("audiences") or ["api://AzureADTokenExchange"]
    for name in ("issuer", "subject"):
        if not asked.get(name):
            raise AzureError(400, "BadRequest", f"The property '{name}' is required.", envelope=Envelope.WRAPPED)
    for other in cloud.store.of_type(FEDERATED, under=identity.id):
        same = all(other.body["properties"][name] == asked[name] for name in ("issuer", "subject"))
        if same and other.name != call.parameter("name"):
            raise AzureError(
                409,
                "Conflict",
                "Issuer and subject combination already exists for this Managed Identity.",
                envelope=Envelope.WRAPPED,
            )
    known = cloud.store.get(call.path)
    properties = {"issuer": asked["issuer"], "subject": asked["subject"], "audiences": audiences}
    body: Document = {
        "id": call.path,
        "name": call.parameter("name"),
        "type": FEDERATED,
        "properties": properties,
    }
    cloud.store.put(Resource(call.path, FEDERATED, body, cloud.now()))
    call.effect = "created" if known is None else "updated"
    return Answer(201 if known is None else 200, clone(body))


async def _get_federated(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, clone(require_stored(cloud, call, call.path).body))


async def _list_federated(cloud: Cloud, call: Call) -> Answer:
    identity = require_stored(cloud, call, call.path.rstrip("/").rpartition("/")[0])
    found = cloud.store.of_type(FEDERATED, under=identity.id)
    return page(cloud, call, [clone(one.body) for one in found])
