"""What `azure_properties` of a cluster may say: what AKS's model has, and no field of Slipway's says."""

from app.azure.types.cluster_fields import CLUSTER_FIELDS
from app.clusters.specs.azure_model import CLUSTER, Path, check_leaf, leaves, pointer_to
from app.clusters.specs.rejections import Rejections
from app.core.json import JsonObject

_OUTBOUND: dict[tuple[str, ...], str] = {
    ("networkProfile", "loadBalancerProfile", name): "PATCH /v1/clusters/{id}/outbound"
    for name in (
        "allocatedOutboundPorts",
        "idleTimeoutInMinutes",
        "managedOutboundIPs",
        "outboundIPPrefixes",
        "outboundIPs",
    )
}
_TYPED: dict[tuple[str, ...], str] = {
    **{
        tuple(path): each.ours
        for each in CLUSTER_FIELDS
        if (path := each.azure.split("/"))[0] == "properties" and path.pop(0)
    },
    ("agentPoolProfiles",): "node_pools",
    ("kubernetesVersion",): "kubernetes_version",
    ("linuxProfile",): "ssh_public_key",
    ("identityProfile", "kubeletidentity"): "identity.kubelet_id",
    ("servicePrincipalProfile",): "identity.service_principal",
    ("windowsProfile", "adminPassword"): "windows_password",
    **_OUTBOUND,
    ("networkProfile", "podCidr"): "network.pod_cidrs",
    ("networkProfile", "serviceCidr"): "network.service_cidrs",
    ("addonProfiles", "omsagent"): "PUT /v1/clusters/{id}/monitoring",
}
"""By their path in `properties`: the fields of Slipway's that say the same."""
_AT = "/azure_properties"
_OURS = frozenset({"enableRBAC", "status"})


def check_azure_properties(properties: JsonObject, rejections: Rejections) -> None:
    """Note what AKS does not have, what Azure says itself, other types, secrets, and what has a field here."""
    for path, value in leaves(properties):
        typed = dict.fromkeys(ours for known, ours in _TYPED.items() if _same_branch(path, known))
        if typed:
            named = ", ".join(f"`{ours}`" for ours in typed)
            detail = f"Say {'it' if len(typed) == 1 else 'its parts'} by {named}."
            rejections.add("given_as_field", pointer_to(path, _AT), detail)
        elif path[0] in _OURS:
            rejections.add("not_settable", pointer_to(path, _AT), "Slipway sets this, or Azure does.")
        else:
            check_leaf(path, value, CLUSTER, _AT, rejections)


def _same_branch(path: Path, known: tuple[str, ...]) -> bool:
    """Whether the one says a part of what the other says; AKS spells the names of add-ons in any case."""
    return all(str(one).lower() == other.lower() for one, other in zip(path, known, strict=False))
