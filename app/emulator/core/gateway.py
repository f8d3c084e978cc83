"""What Resource Manager itself checks before a provider hears of a request."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError, invalid_request_content, resource_group_not_found
from app.emulator.core.exchange import Call
from app.emulator.core.locations import find_location
from app.emulator.core.paths import group_id
from app.emulator.core.store import Resource

MAX_TAGS = 50


def require_group(cloud: Cloud, call: Call, *, for_change: bool = False) -> Resource:
    """The resource group of the path; refused where it is gone, and for a change where it is going."""
    group = cloud.store.get(group_id(call.parameter("subscription"), call.parameter("group")))
    if group is None:
        raise resource_group_not_found(call.parameter("group"))
    if for_change and group.body["properties"]["provisioningState"] == "Deleting":
        raise AzureError(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{group.name}' is in deprovisioning state and cannot perform this operation.",
        )
    return group


def check_location(document: Document, resource_type: str, *, known: Document | None = None) -> str:
    """The region's name of a PUT. That of a resource that is there (`known`) stays, and need not be said again."""
    wanted = document.get("location") or (known or {}).get("location")
    if not wanted:
        raise AzureError(400, "LocationRequired", "The location property is required for this definition.")
    location = find_location(wanted)
    if location is None:
        raise AzureError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{wanted}' is not available for resource type '{resource_type}'.",
        )
    if known is not None and known["location"] != location.name:
        raise AzureError(
            409,
            "InvalidResourceLocation",
            f"The resource '{known['name']}' already exists in location '{known['location']}' in resource group "
            f"'{known['id'].split('/')[4]}'. A resource with the same name cannot be created in location "
            f"'{location.name}'. Please select a new resource name.",
        )
    return location.name


def check_tags(document: Document) -> dict[str, str]:
    """The tags of a body: at most 50, strings all."""
    tags = document.get("tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise invalid_request_content("tags must be an object of strings")
    if len(tags) > MAX_TAGS:
        raise AzureError(400, "InvalidTags", f"The number of tags exceeds the limit of {MAX_TAGS}.")
    return tags
