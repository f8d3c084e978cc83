"""Names that the files of this provider share, and how ids are spelled."""

NAMESPACE = "Microsoft.ContainerService"
CLUSTER_TYPE = "Microsoft.ContainerService/managedClusters"
POOL_TYPE = "Microsoft.ContainerService/managedClusters/agentPools"
_PROVIDER = f"providers/{NAMESPACE}"
IN_SUBSCRIPTION = f"/subscriptions/{{subscription}}/{_PROVIDER}"
IN_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/{_PROVIDER}"
CLUSTER = f"{IN_GROUP}/managedClusters/{{cluster}}"
POOL = f"{CLUSTER}/agentPools/{{pool}}"
JSON = "application/json"
"""AKS sends its content type without a charset."""


def cluster_id(subscription: str, group: str, cluster: str) -> str:
    """A cluster's ARM id as AKS spells it: `resourcegroups` in lower case."""
    return f"/subscriptions/{subscription}/resourcegroups/{group}/{_PROVIDER}/managedClusters/{cluster}"


def pool_id(cluster: str, pool: str) -> str:
    """An agent pool's ARM id, below its cluster's."""
    return f"{cluster}/agentPools/{pool}"
