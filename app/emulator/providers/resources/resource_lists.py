"""What a resource group, or a whole subscription, holds."""

import re

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError, resource_group_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page
from app.emulator.core.paths import group_id, key_of
from app.emulator.core.registration import STATE_TYPE
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource, group_key_of
from app.emulator.providers.resources.names import GROUP, GROUP_TYPE, NAMESPACE

_TERM = r"(resourceType|name|resourceGroup|tagName|tagValue)\s+eq\s+'([^']*)'"
_FILTER = re.compile(rf"^\s*{_TERM}(\s+and\s+{_TERM})*\s*$", re.IGNORECASE)
_AUTHORIZATION = "Microsoft.Authorization"
_SHOWN = ("id", "name", "type", "kind", "managedBy", "location", "identity", "sku", "tags", "zones")


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("GET", f"{GROUP}/resources", "Resources_ListByResourceGroup", _list_by_group, NAMESPACE),
        Route("GET", "/subscriptions/{subscription}/resources", "Resources_List", _list, NAMESPACE),
    ]


def _is_top_level(resource: Resource) -> bool:
    """In no list: child resources (an agent pool, a subnet), what is kept after its end, locks and assignments."""
    provider, _, kind = resource.type.rpartition("/")
    if provider == _AUTHORIZATION:
        return False
    return group_key_of(resource.id) is not None and resource.type.count("/") == 1 and not kind.startswith("deleted")


def _document(resource: Resource) -> Document:
    shown = {name: resource.body[name] for name in _SHOWN if resource.body.get(name)}
    return {**shown, "id": resource.id, "type": resource.type}


def _selected(call: Call, resources: list[Resource]) -> list[Document]:
    found = [_document(resource) for resource in resources if _is_top_level(resource)]
    text = call.query.get("$filter")
    if not text:
        return found
    terms = {name.lower(): value for name, value in re.findall(_TERM, text, re.IGNORECASE)}
    if not _FILTER.match(text) or ("tagvalue" in terms and "tagname" not in terms):
        raise AzureError(400, "InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string.")
    return [document for document in found if _matches(document, terms)]


def _matches(document: Document, terms: dict[str, str]) -> bool:
    tags = {name.lower(): value for name, value in document.get("tags", {}).items()}
    if "tagname" in terms:
        value = tags.get(terms["tagname"].lower())
        if value is None or terms.get("tagvalue") not in {None, value}:
            return False
    shown = {
        "resourcetype": document["type"],
        "name": document["name"],
        "resourcegroup": key_of(document["id"]).split("/")[4],
    }
    return all(terms[name].lower() == value.lower() for name, value in shown.items() if name in terms)


async def _list_by_group(cloud: Cloud, call: Call) -> Answer:
    group = group_id(call.parameter("subscription"), call.parameter("group"))
    if cloud.store.get(group) is None:
        raise resource_group_not_found(call.parameter("group"))
    return page(cloud, call, _selected(call, cloud.store.in_group(group)))


async def _list(cloud: Cloud, call: Call) -> Answer:
    under = key_of(f"/subscriptions/{call.parameter('subscription')}/resourcegroups")
    inside = [
        resource
        for resource in cloud.store
        if resource.key.startswith(f"{under}/") and resource.type not in {GROUP_TYPE, STATE_TYPE}
    ]
    return page(cloud, call, _selected(call, inside))
