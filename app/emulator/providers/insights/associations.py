"""Associations: which rules, or which endpoint, the agents of a resource follow. They go with their resource."""

from collections.abc import Sequence

from app.emulator.core.cloud import Cloud
from app.emulator.core.data_collection import ASSOCIATION, ENDPOINT, RULE
from app.emulator.core.documents import Document, arm_time, clone, section
from app.emulator.core.errors import resource_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.links import page
from app.emulator.core.paths import key_of, split_path
from app.emulator.core.registry import Handler, Route
from app.emulator.core.store import Resource
from app.emulator.providers.insights.names import IN_GROUP, NAMESPACE, find, refused

_RESOURCE = "/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{kind}/{name}"
_ALL = f"{_RESOURCE}/providers/{ASSOCIATION}"
_ONE = f"{_ALL}/{{association}}"
_ACCESS_ENDPOINT = "configurationAccessEndpoint"
_OPERATIONS = "DataCollectionRuleAssociations"


def routes() -> list[Route]:
    """The operations of this file."""
    of_rule, of_endpoint = (
        f"{IN_GROUP}/{kind}/{{resource}}/associations" for kind in ("dataCollectionRules", "dataCollectionEndpoints")
    )
    return [
        Route("PUT", _ONE, f"{_OPERATIONS}_Create", _put, NAMESPACE, 0.7),
        Route("GET", _ONE, f"{_OPERATIONS}_Get", _get, NAMESPACE),
        Route("DELETE", _ONE, f"{_OPERATIONS}_Delete", _delete, NAMESPACE, 0.7),
        Route("GET", _ALL, f"{_OPERATIONS}_ListByResource", _list, NAMESPACE, 0.3),
        Route("GET", of_rule, f"{_OPERATIONS}_ListByRule", _tied_to(RULE, "dataCollectionRuleId"), NAMESPACE, 0.3),
        Route(
            "GET",
            of_endpoint,
            f"{_OPERATIONS}_ListByDataCollectionEndpoint",
            _tied_to(ENDPOINT, "dataCollectionEndpointId"),
            NAMESPACE,
            0.3,
        ),
    ]


def _show(association: Resource) -> Document:
    return {**clone(association.body), "etag": f'"{association.etag}"'}


def _page(cloud: Cloud, call: Call, found: Sequence[Resource]) -> Answer:
    return page(cloud, call, [_show(association) for association in found])


def _target(cloud: Cloud, call: Call) -> str:
    """The id of the resource that a call is about; 404 where it is gone."""
    require_group(cloud, call)
    segments = split_path(call.path)
    end = len(segments) - [segment.lower() for segment in segments][::-1].index("providers") - 1
    target = cloud.store.get("/".join(segments[:end]))
    if target is None:
        kind = f"{call.parameter('namespace')}/{call.parameter('kind')}"
        raise resource_not_found(kind, call.parameter("name"), call.parameter("group"))
    return target.id


async def _put(cloud: Cloud, call: Call) -> Answer:
    target, name = _target(cloud, call), call.parameter("association")
    asked = section(call.document(), "properties")
    given = {key: asked[key] for key in ("dataCollectionRuleId", "dataCollectionEndpointId") if asked.get(key)}
    if len(given) != 1:
        raise refused(
            400, "InvalidPayload", "Either dataCollectionRuleId or dataCollectionEndpointId must be specified."
        )
    if "dataCollectionEndpointId" in given and name != _ACCESS_ENDPOINT:
        raise refused(
            400, "InvalidAssociationName", f"An association with an endpoint must have the name {_ACCESS_ENDPOINT}."
        )
    tied = next(iter(given.values()))
    if cloud.store.get(str(tied)) is None:
        raise refused(404, "NotFound", f"The resource '{tied}' of the association was not found.")
    identity = f"{target}/providers/{ASSOCIATION}/{name}"
    known = cloud.store.get(identity)
    now = arm_time(cloud.now())
    body: Document = {
        "properties": {**given, **({"description": asked["description"]} if asked.get("description") else {})},
        "id": identity,
        "name": name,
        "type": ASSOCIATION,
        "systemData": {"createdAt": known.body["systemData"]["createdAt"] if known else now, "lastModifiedAt": now},
    }
    call.effect = "updated" if known else "created"
    kept = cloud.store.put(Resource(identity, ASSOCIATION, body, known.created if known else cloud.now()))
    return Answer(200, _show(kept))


def _find(cloud: Cloud, call: Call) -> Resource | None:
    return cloud.store.get(f"{_target(cloud, call)}/providers/{ASSOCIATION}/{call.parameter('association')}")


async def _get(cloud: Cloud, call: Call) -> Answer:
    association = _find(cloud, call)
    if association is None:
        raise resource_not_found(ASSOCIATION, call.parameter("association"), call.parameter("group"))
    return Answer(200, _show(association))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    association = _find(cloud, call)
    if association is None:
        return Answer(204, content_type=None)
    cloud.store.remove(association.id)
    call.effect = "deleted"
    return Answer(200, content_type=None)


async def _list(cloud: Cloud, call: Call) -> Answer:
    return _page(cloud, call, cloud.store.of_type(ASSOCIATION, under=_target(cloud, call)))


def _tied_to(resource_type: str, field: str) -> Handler:
    async def tied(cloud: Cloud, call: Call) -> Answer:
        key = find(cloud, call, resource_type).key
        every = cloud.store.of_type(ASSOCIATION)
        return _page(
            cloud, call, [entry for entry in every if key_of(entry.body["properties"].get(field) or "/") == key]
        )

    return tied
