"""Data collection rules: which streams of data go to which workspace."""

import re
from collections.abc import Iterator

from app.emulator.core.cloud import Cloud
from app.emulator.core.data_collection import ASSOCIATION, ENDPOINT, RULE, WORKSPACE
from app.emulator.core.documents import Document, arm_time, clone, section
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_location, check_tags, require_group
from app.emulator.core.paths import key_of
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.providers.insights.names import IN_GROUP, NAMESPACE, find, refused, resource_id

_ONE = f"{IN_GROUP}/dataCollectionRules/{{resource}}"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,62}[A-Za-z0-9_()-]?")
_GIVEN = ("description", "dataSources", "destinations", "dataFlows", "dataCollectionEndpointId", "streamDeclarations")
_Problem = dict[str, str]


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("PUT", _ONE, "DataCollectionRules_Create", _put, NAMESPACE, 1),
        Route("PATCH", _ONE, "DataCollectionRules_Update", _patch, NAMESPACE, 0.5),
        Route("DELETE", _ONE, "DataCollectionRules_Delete", _delete, NAMESPACE, 1),
    ]


def show(_cloud: Cloud, _call: Call, resource: Resource) -> Document:
    """A rule or endpoint as an answer has it."""
    return {**clone(resource.body), "etag": f'"{resource.etag}"'}


async def _put(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call, for_change=True)
    name = call.parameter("resource")
    if not _NAME.fullmatch(name):
        raise refused(400, "InvalidResourceName", f"The name '{name}' of the data collection rule is invalid.")
    document = call.document()
    identity = resource_id(call, RULE)
    known = cloud.store.get(identity)
    location = check_location(document, RULE, known=known.body if known else None)
    asked = {name: value for name, value in section(document, "properties").items() if name in _GIVEN}
    asked = {name: value for name, value in asked.items() if value is not None}
    problems = [*_problems(cloud, asked, location)]
    if problems:
        raise refused(400, "InvalidPayload", "Data collection rule is invalid", details=problems)
    _name_workspaces(cloud, asked)
    now = arm_time(cloud.now())
    made = known.body["systemData"]["createdAt"] if known else now
    body: Document = {
        "properties": {
            "immutableId": known.body["properties"]["immutableId"] if known else f"dcr-{cloud.guid().replace('-', '')}",
            **asked,
            "provisioningState": "Succeeded",
        },
        "location": location,
        "kind": document.get("kind") or "Linux",
        "tags": check_tags(document),
        "id": identity,
        "name": name,
        "type": RULE,
        "systemData": {"createdAt": made, "lastModifiedAt": now},
    }
    return _keep(cloud, call, known, body)


def _keep(cloud: Cloud, call: Call, known: Resource | None, body: Document) -> Answer:
    if known is None:
        known = cloud.store.put(Resource(body["id"], RULE, body, cloud.now()))
        call.effect = "created"
    else:
        known.body = body
        cloud.store.touch(known)
        call.effect = "updated"
    # It answers 200 to a PUT that makes one, too.
    return Answer(200, show(cloud, call, known))


def _name_workspaces(cloud: Cloud, asked: Document) -> None:
    """Show the id of each workspace beside its ARM id, as Azure does."""
    for entry in section(asked, "destinations").get("logAnalytics") or ():
        workspace = cloud.store.get(str(entry["workspaceResourceId"]))
        if workspace is not None:
            entry["workspaceId"] = workspace.body["properties"]["customerId"]


def _problems(cloud: Cloud, asked: Document, location: str) -> Iterator[_Problem]:
    names: set[str] = set()
    for number, entry in enumerate(section(asked, "destinations").get("logAnalytics") or ()):
        at = f"properties.destinations.logAnalytics[{number}]"
        names.add(str(entry.get("name")))
        workspace = cloud.store.get(str(entry.get("workspaceResourceId") or "/"))
        if workspace is None or key_of(workspace.type) != key_of(WORKSPACE):
            said = f"The workspace '{entry.get('workspaceResourceId')}' does not exist."
            yield {"code": "InvalidWorkspace", "message": said, "target": f"{at}.workspaceResourceId"}
        elif workspace.body["location"] != location:
            said = (
                f"The data collection rule is in location '{location}', its destination '{entry.get('name')}' in "
                f"'{workspace.body['location']}': both must be in the same location."
            )
            yield {"code": "InvalidDestinationLocation", "message": said, "target": f"{at}.workspaceResourceId"}
    endpoint = asked.get("dataCollectionEndpointId")
    if endpoint and not _is_endpoint(cloud, str(endpoint)):
        said = f"The data collection endpoint '{endpoint}' does not exist."
        where = "properties.dataCollectionEndpointId"
        yield {"code": "InvalidDataCollectionEndpoint", "message": said, "target": where}
    yield from _flow_problems(asked, names)


def _is_endpoint(cloud: Cloud, resource_id: str) -> bool:
    known = cloud.store.get(resource_id)
    return known is not None and known.type == ENDPOINT


def _flow_problems(asked: Document, destinations: set[str]) -> Iterator[_Problem]:
    sources = [source for group in section(asked, "dataSources").values() for source in group]
    streams = {stream for source in sources for stream in source.get("streams") or ()}
    for number, flow in enumerate(asked.get("dataFlows") or ()):
        at = f"properties.dataFlows[{number}]"
        for stream in flow.get("streams") or ():
            if not str(stream).startswith(("Microsoft-", "Custom-")):
                said = f"'Streams' stream '{stream}' must be a custom stream or one of Microsoft's."
                yield {"code": "InvalidStream", "message": said, "target": f"{at}.streams"}
            elif stream not in streams and sources:
                said = f"Stream '{stream}' is in no data source."
                yield {"code": "InvalidDataFlow", "message": said, "target": f"{at}.streams"}
        for name in flow.get("destinations") or ():
            if name not in destinations:
                said = f"Destination '{name}' is not declared."
                yield {"code": "InvalidDataFlow", "message": said, "target": f"{at}.destinations"}


async def _patch(cloud: Cloud, call: Call) -> Answer:
    rule = find(cloud, call, RULE)
    rule.body["tags"] = check_tags(call.document())
    cloud.store.touch(rule)
    call.effect = "updated"
    return Answer(200, show(cloud, call, rule))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call)
    rule = cloud.store.get(resource_id(call, RULE))
    if rule is None:
        return Answer(204, content_type=None)
    tied = [
        entry
        for entry in cloud.store.of_type(ASSOCIATION)
        if key_of(entry.body["properties"].get("dataCollectionRuleId") or "/") == rule.key
    ]
    if tied and call.query.get("deleteassociations", "").lower() != "true":
        raise refused(
            400,
            "RuleHasAssociations",
            f"The data collection rule '{rule.name}' cannot be deleted, because it has {len(tied)} association(s). "
            "Delete them first, or delete the rule with deleteAssociations=true.",
        )
    for entry in tied:
        cloud.store.remove(entry.id)
    cloud.store.remove(rule.id)
    call.effect = "deleted"
    return Answer(200, content_type=None)
