"""What keeps a resource group from being removed: resources of it that others use."""

import json
from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError
from app.emulator.core.paths import key_of
from app.emulator.core.store import Resource
from app.emulator.providers.resources.names import GROUP_TYPE


def blocked(cloud: Cloud, group: Resource) -> dict[str, AzureError]:
    """Which resources of `group` cannot go, by key, each with its provider's refusal.

    Users in the same group go with it, and those in a group that a resource of this one manages (as AKS does with the
    group of its nodes), unless they are blocked themselves.
    """
    found: dict[str, AzureError] = {}
    leaving = tuple(f"{key}/" for key in (group.key, *_managed(cloud, group)))

    def leaves(user: str) -> bool:
        key = key_of(user)
        return key.startswith(leaving) and not any(key.startswith(f"{one}/") for one in found)

    content = cloud.store.in_group(group.id)
    while True:
        more: dict[str, AzureError] = {}
        for resource in content:
            guard = cloud.guard(resource.type)
            if guard is None or resource.key in found:
                continue
            try:
                guard(cloud, resource, leaves)
            except AzureError as refused:
                more[resource.key] = refused
        if not more:
            return found
        found.update(more)


def _managed(cloud: Cloud, group: Resource) -> list[str]:
    every = cloud.store.of_type(GROUP_TYPE)
    return [one.key for one in every if key_of(one.body.get("managedBy") or "").startswith(f"{group.key}/")]


def blocked_error(group: Resource, refusals: dict[str, AzureError]) -> dict[str, Any]:
    """The error of a removal that stopped, as Resource Manager words it."""
    names = ",".join("/".join(key.split("/")[-3:]) for key in refusals)
    return {
        "code": "ResourceGroupDeletionBlocked",
        "message": f"Deletion of resource group '{group.name}' failed as resources with identifiers '{names}' could "
        "not be deleted. The provisioning state of the resource group will be rolled back.",
        "details": [
            {"code": None, "target": key, "message": json.dumps(refused.body())} for key, refused in refusals.items()
        ],
    }


def roll_back(cloud: Cloud, group: Resource) -> None:
    """Give the group, and what is left in it, back."""
    for resource in (group, *cloud.store.in_group(group.id)):
        properties = resource.body.get("properties", {})
        if properties.get("provisioningState") == "Deleting" and not cloud.operations.running_on(resource.key):
            properties["provisioningState"] = "Succeeded"
            cloud.store.touch(resource)
