"""What all resources of Azure's have in common, read with suspicion."""

import re
from collections.abc import Mapping
from typing import TypedDict

from app.azure.fields import Fields

_GROUP = re.compile(r"/resourcegroups/([^/]+)(/|$)", re.IGNORECASE)
_NO_STATE = "Unknown"


class Resource(TypedDict):
    """The arguments that the types of all resources share."""

    id: str
    name: str
    resource_group: str
    location: str
    tags: Mapping[str, str]
    provisioning_state: str


def resource_of(body: Fields) -> Resource:
    """Those of this resource."""
    resource_id = body.text("id")
    return Resource(
        id=resource_id,
        name=body.text("name"),
        resource_group=group_of(resource_id),
        location=body.maybe("location") or "",
        tags=body.text_map("tags"),
        provisioning_state=body.part("properties").maybe("provisioningState") or _NO_STATE,
    )


def group_of(resource_id: str) -> str:
    """The resource group that an id names; empty where it names none."""
    found = _GROUP.search(resource_id)
    return found[1] if found else ""


def id_at(body: Fields, key: str) -> str | None:
    """The id in a reference such as `"subnet": {"id": "..."}`; None without one."""
    return body.part(key).maybe("id")


def ids_at(body: Fields, key: str) -> tuple[str, ...]:
    """The ids in a list of references."""
    return tuple(part.text("id") for part in body.parts(key))


def one_or_more(body: Fields, one: str, more: str) -> tuple[str, ...]:
    """Azure has many values twice: `addressPrefix` for one and `addressPrefixes` for several."""
    single = body.maybe(one)
    # An empty string is what Azure answers when the plural holds.
    return ((single,) if single else ()) + body.texts(more)
