"""Snapshots of agent pools: their version and image, for pools that shall be like them."""

from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone, section
from app.emulator.core.errors import AzureError, resource_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_location, check_tags, require_group
from app.emulator.core.links import page
from app.emulator.core.paths import group_id
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice.errors import change_not_allowed, flat, invalid_parameter
from app.emulator.providers.containerservice.names import IN_GROUP, IN_SUBSCRIPTION, JSON, NAMESPACE, POOL_TYPE

TYPE = "Microsoft.ContainerService/snapshots"


def routes() -> list[Route]:
    """The operations of this file."""
    one = f"{IN_GROUP}/snapshots/{{snapshot}}"

    def route(method: str, template: str, operation: str, handler: Any) -> Route:
        return Route(method, template, f"Snapshots_{operation}", handler, NAMESPACE, 0.5)

    return [
        route("PUT", one, "CreateOrUpdate", _put),
        route("GET", one, "Get", _get),
        route("PATCH", one, "UpdateTags", _patch),
        route("DELETE", one, "Delete", _delete),
        route("GET", f"{IN_GROUP}/snapshots", "ListByResourceGroup", _list),
        route("GET", f"{IN_SUBSCRIPTION}/snapshots", "List", _list),
    ]


def _id(call: Call) -> str:
    group = group_id(call.parameter("subscription"), call.parameter("group"))
    return f"{group}/providers/{TYPE}/{call.parameter('snapshot')}"


def _require(cloud: Cloud, call: Call) -> Resource:
    require_group(cloud, call)
    found = cloud.store.get(_id(call))
    if found is None:
        raise resource_not_found(TYPE, call.parameter("snapshot"), call.parameter("group"))
    return found


async def _put(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call, for_change=True)
    document, known = call.document(), cloud.store.get(_id(call))
    location = check_location(document, TYPE, known=known.body if known else None)
    source = section(document, "properties", "creationData").get("sourceResourceId")
    if known is not None:
        if source not in {None, known.body["properties"]["creationData"]["sourceResourceId"]}:
            raise change_not_allowed("creationData.sourceResourceId")
        known.body["tags"] = check_tags(document)
        cloud.store.touch(known)
        call.effect = "updated"
        return Answer(200, clone(known.body), content_type=JSON)
    body: Document = {
        "id": _id(call),
        "name": call.parameter("snapshot"),
        "type": TYPE,
        "location": location,
        "tags": check_tags(document),
        "properties": _taken(cloud, source, location),
    }
    cloud.store.put(Resource(body["id"], TYPE, body, cloud.now()))
    call.effect = "created"
    return Answer(201, clone(body), content_type=JSON)


def _taken(cloud: Cloud, source: object, location: str) -> Document:
    pool = cloud.store.get(source) if isinstance(source, str) and source else None
    cluster = cloud.store.get(pool.id.rpartition("/agentPools/")[0]) if pool is not None else None
    if pool is None or cluster is None or pool.type != POOL_TYPE:
        raise invalid_parameter("creationData.sourceResourceId", f"'{source}' is no agent pool")
    if cluster.body["location"] != location:
        raise invalid_parameter("location", "a snapshot is in the location of its agent pool")
    if not pool.internal.get("machines"):
        raise flat(400, "OperationNotAllowed", "A snapshot cannot be taken of an agent pool without nodes.")
    properties = pool.body["properties"]
    return {
        "creationData": {"sourceResourceId": pool.id},
        "snapshotType": "NodePool",
        "kubernetesVersion": properties["currentOrchestratorVersion"],
        "nodeImageVersion": properties["nodeImageVersion"],
        "osType": properties["osType"],
        "osSku": properties["osSKU"],
        "vmSize": properties["vmSize"],
        "enableFIPS": properties["enableFIPS"],
    }


async def _get(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, clone(_require(cloud, call).body), content_type=JSON)


async def _patch(cloud: Cloud, call: Call) -> Answer:
    found = _require(cloud, call)
    found.body["tags"] = check_tags(call.document())
    cloud.store.touch(found)
    call.effect = "updated"
    return Answer(200, clone(found.body), content_type=JSON)


async def _delete(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call)
    if cloud.store.remove(_id(call)) is None:
        return Answer(204, content_type=None)
    call.effect = "deleted"
    return Answer(200, content_type=None)


async def _list(cloud: Cloud, call: Call) -> Answer:
    under = (
        require_group(cloud, call).id
        if "group" in call.parameters
        else f"/subscriptions/{call.parameter('subscription')}"
    )
    return page(cloud, call, [clone(one.body) for one in cloud.store.of_type(TYPE, under=under)], content_type=JSON)


def like_snapshot(cloud: Cloud, asked: Document, location: str) -> Document:
    """What a new pool asks for, with what its snapshot says; the image is under `nodeImageVersion`."""
    source = section(asked, "creationData").get("sourceResourceId")
    if not source:
        return asked
    found = cloud.store.get(source)
    if found is None or found.type != TYPE or found.body["location"] != location:
        raise AzureError(404, "SnapshotNotFound", f"The snapshot '{source}' was not found in location '{location}'.")
    taken = found.body["properties"]
    if asked.get("osType", "Linux") != taken["osType"]:
        raise invalid_parameter("agentPoolProfile.osType", f"the snapshot is of {taken['osType']}")
    return {"orchestratorVersion": taken["kubernetesVersion"], "osSKU": taken["osSku"], **asked}


def image_of(cloud: Cloud, properties: Document) -> str | None:
    """The node image of the snapshot that a pool is made after."""
    found = cloud.store.get(section(properties, "creationData").get("sourceResourceId") or "/")
    return str(found.body["properties"]["nodeImageVersion"]) if found is not None and found.type == TYPE else None
