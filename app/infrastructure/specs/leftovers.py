"""What is said of things that are left over. Pure."""

from app.azure.types.resource import ResourceRef
from app.clusters.specs.inventory import FRONTEND, SECURITY_RULE
from app.clusters.specs.node_group import is_foreign
from app.clusters.specs.wanted import Place
from app.core.json import JsonObject
from app.models import ClusterState

PUBLIC_IP = "public_ip"
SHARE = "share"
ACCOUNT = "storage_account"
WORKSPACE = "workspace"
GROUP = "resource_group"

_OWN: dict[str, tuple[str, str]] = {
    PUBLIC_IP: ("Nothing has this reserved address.", "Release it: DELETE /v1/public-ips/{id}, or POST :sweep."),
    SHARE: ("No volume binds it any more.", "Delete it: DELETE /v1/shares/{id}; its data is kept for a while."),
    ACCOUNT: ("No share lies in it.", "Delete it: DELETE /v1/storage-accounts/{id}."),
    WORKSPACE: ("No cluster sends to it.", "Delete it: DELETE /v1/workspaces/{id}."),
    GROUP: ("No cluster lies in it any more.", "Delete it: DELETE /v1/resource-groups/{id}; it must be empty."),
}
# Rules and frontends have no tags, and are the cloud provider's: the inventory keeps no others of them.
_PARTS = frozenset({FRONTEND, SECURITY_RULE})


def words_for(kind: str, cluster_state: str | None) -> tuple[str, str]:
    """Why it counts as left over, and what to do."""
    if kind in _OWN:
        return _OWN[kind]
    if cluster_state == ClusterState.LOST:
        return "Azure has its cluster no more.", "Delete the cluster here: that removes what carries its tags."
    if cluster_state == ClusterState.DELETING:
        return (
            "Its cluster's deletion has not come to it.",
            "See what keeps it: the cluster's condition DeletionOnTime.",
        )
    return (
        "Nothing in Azure refers to it.",
        "Remove it in Azure, or delete the cluster: it goes with the node resource group.",
    )


def foreign(azure_id: str, kind: str, name: str, body: JsonObject, place: Place) -> bool:
    """Whether neither Slipway nor AKS seems to have put a resource of Azure's there. `body`: as its row keeps it."""
    if kind in _PARTS:
        return False
    tags = body.get("tags") or {}
    return is_foreign(ResourceRef(id=azure_id, name=name, type=kind, location=None, tags=tags), place)
