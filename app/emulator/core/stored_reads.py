"""GET and LIST of resources that other providers keep in the store."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone
from app.emulator.core.errors import resource_group_not_found, resource_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page
from app.emulator.core.paths import group_id, key_of, split_path
from app.emulator.core.registry import Handler, Route
from app.emulator.core.store import Resource


def read_routes(resource_type: str, operation: str) -> list[Route]:
    """GET by id, LIST under the parent and, for a top-level type, LIST of the subscription.

    `read_routes("Microsoft.Network/virtualNetworks/subnets", "Subnets")` gives `Subnets_Get`, `Subnets_List`.
    """
    namespace, *kinds = resource_type.split("/")
    base = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{namespace}"
    parents = "".join(f"/{kind}/{{parent{number}}}" for number, kind in enumerate(kinds[:-1]))
    collection = f"{base}{parents}/{kinds[-1]}"
    every = _list(resource_type)
    routes = [
        Route("GET", f"{collection}/{{resource}}", f"{operation}_Get", _get, namespace),
        Route("GET", collection, f"{operation}_List", every, namespace),
    ]
    if len(kinds) == 1:
        everywhere = f"/subscriptions/{{subscription}}/providers/{resource_type}"
        routes.append(Route("GET", everywhere, f"{operation}_ListAll", every, namespace))
    return routes


def _show(resource: Resource) -> Document:
    return {**clone(resource.body), "etag": f'W/"{resource.etag}"'}


async def _get(cloud: Cloud, call: Call) -> Answer:
    _require_group(cloud, call)
    resource = cloud.store.get(call.path)
    if resource is None:
        _, *names = split_path(call.path)[4:]
        raise resource_not_found(f"{names[0]}/{names[1]}", "/".join(names[2:]), call.parameter("group"))
    return Answer(200, _show(resource), {"ETag": f'W/"{resource.etag}"'})


def _list(resource_type: str) -> Handler:
    async def every(cloud: Cloud, call: Call) -> Answer:
        if "group" in call.parameters:
            _require_group(cloud, call)
            under = key_of(call.path).rsplit("/", 1)[0]
        else:
            under = f"/subscriptions/{call.parameter('subscription')}"
        return page(cloud, call, [_show(resource) for resource in cloud.store.of_type(resource_type, under=under)])

    return every


def _require_group(cloud: Cloud, call: Call) -> None:
    if cloud.store.get(group_id(call.parameter("subscription"), call.parameter("group"))) is None:
        raise resource_group_not_found(call.parameter("group"))
