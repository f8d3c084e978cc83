"""Whose the things are that lie in AKS's own group for a cluster."""

import re

from app.azure.types.resource import ResourceRef
from app.azure.types.tags import is_ours
from app.clusters.specs.wanted import Place

# What AKS, its cloud controller and its storage drivers mark as theirs.
_MARKS = ("aks-managed-", "k8s-azure-", "kubernetes.io-created-for-")
# https://learn.microsoft.com/azure/aks/faq#why-are-two-resource-groups-created-with-aks: not all of it has a mark.
_NAMES = re.compile(r"^(aks|kubernetes|pvc-|restore-)|-agentpool$", re.IGNORECASE)


def is_foreign(found: ResourceRef, place: Place) -> bool:
    """Whether neither Slipway nor AKS seems to have put it there: by tags, and by the names that AKS gives."""
    if is_ours(found.tags, place.cluster_id) or any(key.lower().startswith(_MARKS) for key in found.tags):
        return False
    of_addon = found.name.lower().endswith(f"-{place.azure_name.lower()}")
    return not (of_addon or _NAMES.search(found.name))
