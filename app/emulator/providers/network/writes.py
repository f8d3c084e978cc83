"""PUT, PATCH of tags and DELETE of resources and of their parts."""

from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_tags, require_group
from app.emulator.core.links import status_headers
from app.emulator.core.network_documents import NETWORK
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Handler, Route
from app.emulator.core.store import Resource
from app.emulator.providers.network import errors
from app.emulator.providers.network.drafts import Draft, Kind, check_name
from app.emulator.providers.network.names import IN_GROUP, PartName
from app.emulator.providers.network.operations import (
    DELETE,
    DELETE_RETRY_AFTER,
    PUT,
    begin_delete,
    begin_put,
    follow,
    set_state,
)
from app.emulator.providers.network.reads import id_of, require, require_parent
from app.emulator.providers.network.references import ReferenceIndex
from app.emulator.providers.network.views import etag_of, show, show_part


class Writes:
    """The changing operations of one type."""

    def __init__(self, kind: Kind, index: ReferenceIndex) -> None:
        """Change what `kind` makes."""
        self._kind = kind
        self._name = kind.name
        self._index = index

    def routes(self) -> list[Route]:
        """PUT, PATCH and DELETE, and PUT and DELETE of the parts that have them."""
        resource, operation = f"{IN_GROUP}/{self._name.collection}/{{resource}}", self._name.operation
        routes = [
            Route("PUT", resource, f"{operation}_CreateOrUpdate", self._put, NETWORK, 0.4),
            Route("PATCH", resource, f"{operation}_UpdateTags", self._patch, NETWORK, 0.3),
            Route("DELETE", resource, f"{operation}_Delete", self._delete, NETWORK, 0.3),
        ]
        for part in self._name.parts:
            if part.writable:
                path = f"{resource}/{part.kind}/{{part}}"
                routes += [
                    Route("PUT", path, f"{part.operation}_CreateOrUpdate", self._put_part(part), NETWORK, 0.3),
                    Route("DELETE", path, f"{part.operation}_Delete", self._delete_part(part), NETWORK, 0.3),
                ]
        return routes

    async def _put(self, cloud: Cloud, call: Call) -> Answer:
        require_group(cloud, call, for_change=True)
        known = cloud.store.get(id_of(call, self._name))
        if known is None:
            check_name(call.parameter("resource"))
        self._check_preconditions(call, known)
        document = call.document()
        if known is not None:
            self._refuse_while_busy(cloud, call, known)
        resource = self._keep(cloud, call, known, document)
        return self._accepted(cloud, call, resource, 201 if known is None else 200)

    def _keep(self, cloud: Cloud, call: Call, known: Resource | None, document: Document) -> Resource:
        identity = known.id if known is not None else id_of(call, self._name)
        draft = Draft(cloud, self._name, identity, document, known, self._index.of(cloud))
        body = self._kind.build(draft)
        if known is None:
            resource = Resource(identity, self._name.type, body, cloud.now())
            self._kind.reserve(cloud, resource, draft)
            cloud.store.put(resource)
            call.effect = "created"
        else:
            resource, resource.body = known, body
            self._kind.reserve(cloud, resource, draft)
            cloud.store.touch(resource)
            call.effect = "updated"
        return resource

    def _accepted(self, cloud: Cloud, call: Call, resource: Resource, status: int) -> Answer:
        at_once = self._kind.retry_after is None
        if not at_once:
            set_state(cloud, resource, "Updating", parts=False)
        operation = begin_put(cloud, call, resource, self._kind.seconds)
        headers = follow(cloud, call, operation, self._kind.retry_after, location=False)
        return Answer(status, show(resource, self._index.of(cloud)), headers)

    async def _patch(self, cloud: Cloud, call: Call) -> Answer:
        require_group(cloud, call, for_change=True)
        resource = require(cloud, call, self._name)
        self._check_preconditions(call, resource)
        tags = check_tags(call.document())
        if tags:
            resource.body["tags"] = tags
        else:
            resource.body.pop("tags", None)
        cloud.store.touch(resource)
        call.effect = "updated"
        return Answer(200, show(resource, self._index.of(cloud)), {"ETag": etag_of(resource)})

    async def _delete(self, cloud: Cloud, call: Call) -> Answer:
        require_group(cloud, call)
        resource = cloud.store.get(id_of(call, self._name))
        if resource is None:
            return Answer(204, content_type=None)
        self._check_preconditions(call, resource)
        for running in cloud.operations.running_on(resource.key):
            if running.transition == DELETE and not running.arguments:
                return self._going(cloud, call, running)
        self._refuse_while_busy(cloud, call, resource)
        self._kind.check_removal(resource, self._index.of(cloud))
        set_state(cloud, resource, "Deleting", parts=False)
        call.effect = "deleted"
        return self._going(cloud, call, begin_delete(cloud, call, resource))

    def _going(self, cloud: Cloud, call: Call, operation: Operation) -> Answer:
        headers = follow(cloud, call, operation, DELETE_RETRY_AFTER, location=True)
        return Answer(202, headers=headers, content_type=None)

    def _check_preconditions(self, call: Call, known: Resource | None) -> None:
        wanted = call.headers.get("if-match")
        if wanted is not None and wanted != "*":
            current = etag_of(known) if known is not None else "null"
            if wanted.strip('W/"') != current.strip('W/"'):
                raise errors.stale(wanted, current, id_of(call, self._name))
        if known is not None and call.headers.get("if-none-match") == "*":
            raise errors.refusal(412, "PreconditionFailed", f"Resource {known.id} exists already.")

    def _refuse_while_busy(self, cloud: Cloud, call: Call, resource: Resource) -> None:
        for running in cloud.operations.running_on(resource.key):
            if running.transition == PUT and running.ends is not None and running.ends <= cloud.now():
                # It is over, though the clock has not got to it yet; load balancers are changed at once.
                continue
            headers = status_headers(call, running, namespace=NETWORK, location=False)
            raise errors.busy(headers["Azure-AsyncOperation"].split("&t=")[0])

    def _put_part(self, part: PartName) -> Handler:
        async def put(cloud: Cloud, call: Call) -> Answer:
            require_group(cloud, call, for_change=True)
            parent = require_parent(cloud, call, self._name, part)
            name = call.parameter("part")
            check_name(name)
            self._check_preconditions(call, parent)
            self._refuse_while_busy(cloud, call, parent)
            document = call.document()
            parts: list[Document] = parent.body["properties"].get(part.kind, [])
            others = [item for item in parts if item["name"].lower() != name.lower()]
            known = next((item for item in parts if item["name"].lower() == name.lower()), None)
            spelled = known["name"] if known is not None else name
            asked = {"name": spelled, "properties": document.get("properties")}
            self._keep(cloud, call, parent, _with_parts(parent, part.kind, [*others, asked]))
            if self._kind.retry_after is not None:
                _part(parent, part.kind, spelled)["properties"]["provisioningState"] = "Updating"
            answer = self._accepted(cloud, call, parent, 200 if known is not None else 201)
            answer.body = show_part(parent, part.kind, spelled, self._index.of(cloud))
            return answer

        return put

    def _delete_part(self, part: PartName) -> Handler:
        async def delete(cloud: Cloud, call: Call) -> Answer:
            require_group(cloud, call)
            parent = cloud.store.get(id_of(call, self._name))
            name = call.parameter("part")
            found = _part(parent, part.kind, name) if parent is not None else None
            if parent is None or not found:
                return Answer(204, content_type=None)
            for running in cloud.operations.running_on(parent.key):
                if running.transition == DELETE and running.arguments.get("name") == found["name"]:
                    return self._going(cloud, call, running)
            self._check_preconditions(call, parent)
            self._refuse_while_busy(cloud, call, parent)
            self._kind.check_part_removal(parent, part.kind, found["id"], self._index.of(cloud))
            found["properties"]["provisioningState"] = "Deleting"
            cloud.store.touch(parent)
            call.effect = "deleted"
            return self._going(cloud, call, begin_delete(cloud, call, parent, (part.kind, found["name"])))

        return delete


def _with_parts(parent: Resource, kind: str, items: list[Any]) -> Document:
    document = clone(parent.body)
    document["properties"][kind] = items
    return document


def _part(parent: Resource, kind: str, name: str) -> Document:
    parts: list[Document] = parent.body["properties"].get(kind, [])
    return next((item for item in parts if item["name"].lower() == name.lower()), {})
