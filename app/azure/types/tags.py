"""The tags by which Slipway knows what is its own. It never changes or deletes what lacks them."""

from collections.abc import Mapping

MANAGED_BY = "managed-by"
MANAGED_BY_SLIPWAY = "slipway"
PROJECT = "slipway-project"
CLUSTER = "slipway-cluster"
JOB = "slipway-job"
"""The job that made a thing: its clean-up removes nothing else."""
PUBLIC_IP = "slipway-public-ip"
STORAGE_ACCOUNT = "slipway-storage-account"
OWNER_KEYS = frozenset({MANAGED_BY, PROJECT, CLUSTER, JOB, PUBLIC_IP, STORAGE_ACCOUNT})
# https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
_RESERVED_PREFIXES = ("microsoft", "azure", "windows", "slipway-")


def owner_tags(*, project_id: str, cluster_id: str | None = None) -> dict[str, str]:
    """The tags of what Slipway makes for a project, or for one cluster of it."""
    tags = {MANAGED_BY: MANAGED_BY_SLIPWAY, PROJECT: project_id}
    if cluster_id is not None:
        tags[CLUSTER] = cluster_id
    return tags


def is_managed(tags: Mapping[str, str]) -> bool:
    """Whether Slipway made the thing. Azure compares the names of tags without regard to case, their values with it."""
    return _lowered(tags).get(MANAGED_BY) == MANAGED_BY_SLIPWAY


def is_of_project(tags: Mapping[str, str], project_id: str) -> bool:
    """Whether Slipway made the thing for just this project: projects may share a subscription."""
    return is_managed(tags) and _lowered(tags).get(PROJECT) == project_id


def is_ours(tags: Mapping[str, str], cluster_id: str) -> bool:
    """Whether Slipway made the thing for just this cluster."""
    return is_managed(tags) and _lowered(tags).get(CLUSTER) == cluster_id


def is_public_ip(tags: Mapping[str, str], public_ip_id: str) -> bool:
    """Whether Slipway made the public address for just this row of its own."""
    return is_managed(tags) and _lowered(tags).get(PUBLIC_IP) == public_ip_id


def is_storage_account(tags: Mapping[str, str], account_id: str) -> bool:
    """Whether Slipway made the storage account for just this row of its own."""
    return is_managed(tags) and _lowered(tags).get(STORAGE_ACCOUNT) == account_id


def caller_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags without Slipway's own."""
    return {key: value for key, value in tags.items() if key.lower() not in OWNER_KEYS}


def owner_tags_in(tags: Mapping[str, str]) -> dict[str, str]:
    """Slipway's own of these tags."""
    return {key: value for key, value in tags.items() if key.lower() in OWNER_KEYS}


def is_reserved(key: str) -> bool:
    """Whether Azure or Slipway keeps tags of this name for itself."""
    return key.lower() in OWNER_KEYS or key.lower().startswith(_RESERVED_PREFIXES)


def _lowered(tags: Mapping[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in tags.items()}
