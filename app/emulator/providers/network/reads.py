"""GET and LIST of resources and of their parts."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError, resource_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.links import page
from app.emulator.core.network_documents import NETWORK
from app.emulator.core.paths import group_id
from app.emulator.core.registry import Handler, Route
from app.emulator.core.store import Resource
from app.emulator.providers.network.errors import part_not_found
from app.emulator.providers.network.names import IN_GROUP, IN_SUBSCRIPTION, PartName, TypeName
from app.emulator.providers.network.references import ReferenceIndex
from app.emulator.providers.network.views import etag_of, show, show_part


def id_of(call: Call, name: TypeName) -> str:
    """The id of the top-level resource that the path names, in the spelling of the request."""
    group = group_id(call.parameter("subscription"), call.parameter("group"))
    return f"{group}/providers/{name.type}/{call.parameter('resource')}"


def require(cloud: Cloud, call: Call, name: TypeName) -> Resource:
    """The resource of the path, or the gateway's 404."""
    require_group(cloud, call)
    found = cloud.store.get(id_of(call, name))
    if found is None:
        raise resource_not_found(name.type, call.parameter("resource"), call.parameter("group"))
    return found


def require_parent(cloud: Cloud, call: Call, name: TypeName, part: PartName) -> Resource:
    """The resource above a part, or the gateway's 404 for a parent."""
    require_group(cloud, call)
    found = cloud.store.get(id_of(call, name))
    if found is None:
        raise AzureError(
            404,
            "ParentResourceNotFound",
            f"Failed to perform '{call.method.lower()}' on resource(s) of type '{name.collection}/{part.kind}', "
            f"because the parent resource '{id_of(call, name)}' could not be found.",
        )
    return found


class Reads:
    """The reading operations of one type."""

    def __init__(self, name: TypeName, index: ReferenceIndex) -> None:
        """Read `name`, with the references of `index`."""
        self._name = name
        self._index = index

    def routes(self) -> list[Route]:
        """GET by id, LIST of the group and of the subscription, and the same for parts."""
        name = self._name
        collection = f"{IN_GROUP}/{name.collection}"
        routes = [
            Route("GET", f"{collection}/{{resource}}", f"{name.operation}_Get", self._get, NETWORK),
            Route("GET", collection, f"{name.operation}_List", self._list, NETWORK),
            Route("GET", f"{IN_SUBSCRIPTION}/{name.collection}", f"{name.operation}_ListAll", self._list_all, NETWORK),
        ]
        for part in name.parts:
            parts = f"{collection}/{{resource}}/{part.kind}"
            routes += [
                Route("GET", f"{parts}/{{part}}", f"{part.operation}_Get", self._get_part(part), NETWORK),
                Route("GET", parts, f"{part.operation}_List", self._list_parts(part), NETWORK),
            ]
        return routes

    async def _get(self, cloud: Cloud, call: Call) -> Answer:
        found = require(cloud, call, self._name)
        return Answer(200, show(found, self._index.of(cloud)), {"ETag": etag_of(found)})

    def _page(self, cloud: Cloud, call: Call, under: str) -> Answer:
        references = self._index.of(cloud)
        return page(
            cloud, call, [show(found, references) for found in cloud.store.of_type(self._name.type, under=under)]
        )

    async def _list(self, cloud: Cloud, call: Call) -> Answer:
        return self._page(cloud, call, require_group(cloud, call).id)

    async def _list_all(self, cloud: Cloud, call: Call) -> Answer:
        return self._page(cloud, call, f"/subscriptions/{call.parameter('subscription')}")

    def _get_part(self, part: PartName) -> Handler:
        async def get(cloud: Cloud, call: Call) -> Answer:
            parent = require_parent(cloud, call, self._name, part)
            shown = show_part(parent, part.kind, call.parameter("part"), self._index.of(cloud))
            if shown is None:
                raise part_not_found(f"{parent.id}/{part.kind}/{call.parameter('part')}")
            return Answer(200, shown, {"ETag": etag_of(parent)})

        return get

    def _list_parts(self, part: PartName) -> Handler:
        async def every(cloud: Cloud, call: Call) -> Answer:
            parent = require_parent(cloud, call, self._name, part)
            parts: list[Document] = show(parent, self._index.of(cloud))["properties"].get(part.kind, [])
            return page(cloud, call, parts)

        return every
