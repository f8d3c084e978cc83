"""Trouble 56: whether a cluster's identity may use an address that lies outside of the cluster's own group."""

from collections.abc import Iterable

from app.azure.errors import AzureError
from app.azure.types.cluster import ManagedCluster
from app.core.errors import ErrorClass, SlipwayError
from app.jobs.workflow import Cloud, azure_call

ROLE = "Network Contributor"
_JOINS = {
    "publicipaddresses": "Microsoft.Network/publicIPAddresses/join/action",
    "publicipprefixes": "Microsoft.Network/publicIPPrefixes/join/action",
}


class RightMissingError(SlipwayError):
    """The cluster's identity may not use an address. Slipway grants nothing by itself."""

    code = "cluster_identity_lacks_role"
    status = 409
    title = "The cluster's identity may not use the address"
    error_class = ErrorClass.PERMISSION


async def require_right_to_join(
    cloud: Cloud, subscription_id: str, cluster: ManagedCluster, ids: Iterable[str]
) -> None:
    """Raise RightMissingError, with role, scope and command, for the first of these addresses that it may not use.

    Only a certain no blocks: where Slipway itself may not read roles, Azure decides.
    """
    principal = cluster.identity_principal_id
    own = f"/resourcegroups/{(cluster.node_resource_group or '').lower()}/"
    roles = cloud.gateways.azure.subscription(subscription_id).role_assignments
    for azure_id in ids if principal else ():
        if own in azure_id.lower():
            continue
        action = _JOINS[azure_id.split("/")[-2].lower()]
        try:
            allowed = await roles.may(str(principal), action, azure_id, call=azure_call(cloud))
        except AzureError as error:
            if error.row.error_class in {ErrorClass.TRANSIENT, ErrorClass.CONFLICT}:
                raise
            cloud.context.progress("Whether the cluster's identity may use the address cannot be read")
            return
        if not allowed:
            raise RightMissingError(
                f"The cluster's identity {principal} lacks {action} on {azure_id}.",
                remedy=f"Grant it the role {ROLE}, then retry the job: az role assignment create "
                f'--assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role "{ROLE}" '
                f"--scope {azure_id}",
            )
