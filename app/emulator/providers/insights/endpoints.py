"""Data collection endpoints: where agents fetch their rules and send their data."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.data_collection import ENDPOINT
from app.emulator.core.documents import Document, arm_time, section
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_location, check_tags, require_group
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.providers.insights.names import IN_GROUP, NAMESPACE, find, refused, resource_id
from app.emulator.providers.insights.rules import show

_ONE = f"{IN_GROUP}/dataCollectionEndpoints/{{resource}}"
_LONGEST_NAME, _SHORTEST_NAME = 44, 3
_ACCESS = ("Enabled", "Disabled", "SecuredByPerimeter")


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("PUT", _ONE, "DataCollectionEndpoints_Create", _put, NAMESPACE, 1),
        Route("PATCH", _ONE, "DataCollectionEndpoints_Update", _patch, NAMESPACE, 0.5),
        Route("DELETE", _ONE, "DataCollectionEndpoints_Delete", _delete, NAMESPACE, 1),
    ]


async def _put(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call, for_change=True)
    name = call.parameter("resource")
    if not _SHORTEST_NAME <= len(name) <= _LONGEST_NAME:
        raise refused(400, "InvalidResourceName", f"The name '{name}' of the data collection endpoint is invalid.")
    document = call.document()
    identity = resource_id(call, ENDPOINT)
    known = cloud.store.get(identity)
    location = check_location(document, ENDPOINT, known=known.body if known else None)
    access = section(document, "properties", "networkAcls").get("publicNetworkAccess") or "Enabled"
    if access not in _ACCESS:
        raise refused(400, "InvalidPayload", f"publicNetworkAccess '{access}' is none of {', '.join(_ACCESS)}.")
    properties = known.body["properties"] if known else _new_properties(cloud, name, location)
    body: Document = {
        "properties": {**properties, "networkAcls": {"publicNetworkAccess": access}},
        "location": location,
        "kind": document.get("kind") or "Linux",
        "tags": check_tags(document),
        "id": identity,
        "name": name,
        "type": ENDPOINT,
        "systemData": {"lastModifiedAt": arm_time(cloud.now())},
    }
    call.effect = "updated" if known else "created"
    kept = cloud.store.put(Resource(identity, ENDPOINT, body, known.created if known else cloud.now()))
    return Answer(200, show(cloud, call, kept))


def _new_properties(cloud: Cloud, name: str, location: str) -> Document:
    guid = cloud.guid().replace("-", "")
    host = f"{name.lower()}-{guid[:4]}.{location}-1"
    return {
        "immutableId": f"dce-{guid}",
        "configurationAccess": {"endpoint": f"https://{host}.handler.control.monitor.azure.com"},
        "logsIngestion": {"endpoint": f"https://{host}.ingest.monitor.azure.com"},
        "metricsIngestion": {"endpoint": f"https://{host}.metrics.ingest.monitor.azure.com"},
        "provisioningState": "Succeeded",
    }


async def _patch(cloud: Cloud, call: Call) -> Answer:
    endpoint = find(cloud, call, ENDPOINT)
    endpoint.body["tags"] = check_tags(call.document())
    cloud.store.touch(endpoint)
    call.effect = "updated"
    return Answer(200, show(cloud, call, endpoint))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call)
    if cloud.store.remove(resource_id(call, ENDPOINT)) is None:
        return Answer(204, content_type=None)
    call.effect = "deleted"
    return Answer(200, content_type=None)
