"""GET and LIST of resources that other providers keep in the store."""

from collections.abc import Callable

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone
from app.emulator.core.errors import resource_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.links import page
from app.emulator.core.paths import key_of, split_path
from app.emulator.core.registry import Handler, Route
from app.emulator.core.store import Resource

Show = Callable[[Cloud, Call, Resource], Document]
"""A resource as an answer shows it, where that is more than the stored body with its etag."""


def read_routes(
    resource_type: str, operation: str, *, lists: tuple[str, str] = ("List", "ListAll"), show: Show | None = None
) -> list[Route]:
    """GET by id, LIST under the parent and, for a top-level type, LIST of the subscription.

    `lists`: how the SDK calls the two lists.

    `read_routes("Microsoft.Network/virtualNetworks/subnets", "Subnets")` gives `Subnets_Get`, `Subnets_List`.
    """
    namespace, *kinds = resource_type.split("/")
    base = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{namespace}"
    parents = "".join(f"/{kind}/{{parent{number}}}" for number, kind in enumerate(kinds[:-1]))
    collection = f"{base}{parents}/{kinds[-1]}"
    shown = show or show_stored
    every = _list(resource_type, shown)
    routes = [
        Route("GET", f"{collection}/{{resource}}", f"{operation}_Get", _get(shown), namespace),
        Route("GET", collection, f"{operation}_{lists[0]}", every, namespace),
    ]
    if len(kinds) == 1:
        everywhere = f"/subscriptions/{{subscription}}/providers/{resource_type}"
        routes.append(Route("GET", everywhere, f"{operation}_{lists[1]}", every, namespace))
    return routes


def show_stored(_cloud: Cloud, _call: Call, resource: Resource) -> Document:
    """The stored body with its etag."""
    return {**clone(resource.body), "etag": f'W/"{resource.etag}"'}


def require_stored(cloud: Cloud, call: Call, path: str) -> Resource:
    """The resource at `path`, or the gateway's 404."""
    require_group(cloud, call)
    resource = cloud.store.get(path)
    if resource is None:
        _, *names = split_path(path)[4:]
        raise resource_not_found(f"{names[0]}/{names[1]}", "/".join(names[2:]), call.parameter("group"))
    return resource


def _get(show: Show) -> Handler:
    async def get(cloud: Cloud, call: Call) -> Answer:
        resource = require_stored(cloud, call, call.path)
        return Answer(200, show(cloud, call, resource), {"ETag": f'W/"{resource.etag}"'})

    return get


def _list(resource_type: str, show: Show) -> Handler:
    async def every(cloud: Cloud, call: Call) -> Answer:
        if "group" in call.parameters:
            require_group(cloud, call)
            under = key_of(call.path).rsplit("/", 1)[0]
        else:
            under = f"/subscriptions/{call.parameter('subscription')}"
        found = cloud.store.of_type(resource_type, under=under)
        return page(cloud, call, [show(cloud, call, resource) for resource in found])

    return every
