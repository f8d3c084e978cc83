"""What is known of a cluster's properties under Azure's own names, for which Slipway has no field."""

FIXED: tuple[tuple[str, ...], ...] = (
    ("apiServerAccessProfile", "subnetId"),
    ("diskEncryptionSetID",),
    ("hostedSystemProfile", "nodeSubnetID"),
    ("hostedSystemProfile", "systemNodeSubnetID"),
    ("networkProfile", "loadBalancerSku"),
    ("networkProfile", "networkMode"),
    ("nodeResourceGroup",),
)
"""What AKS cannot change of a cluster that is there (`PropertyChangeNotAllowed`), by path."""

LATER: frozenset[tuple[str, ...]] = frozenset({("apiServerAccessProfile", "subnetId")})
"""What of it may be given to a cluster that has none yet."""

ONE_WAY: tuple[tuple[str, ...], ...] = (("apiServerAccessProfile", "enableVnetIntegration"),)
"""Switches that AKS keeps once they are on. https://learn.microsoft.com/azure/aks/api-server-vnet-integration"""

SEEN: dict[tuple[str, ...], tuple[str, ...]] = {
    ("networkProfile", "loadBalancerSku"): ("network", "load_balancer_sku"),
    ("nodeResourceGroup",): ("node_resource_group",),
}
"""Where it stands, in what is kept of Azure's word, what Azure has of these."""
