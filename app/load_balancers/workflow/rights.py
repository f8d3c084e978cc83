"""Trouble 56: whether a cluster's identity may use what lies outside of the cluster's own group."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.azure.errors import AzureError
from app.azure.types.cluster import ManagedCluster
from app.core.errors import ErrorClass, SlipwayError
from app.jobs.workflow import Cloud, azure_call

ROLE = "Network Contributor"
_JOINS = {
    "publicipaddresses": "Microsoft.Network/publicIPAddresses/join/action",
    "publicipprefixes": "Microsoft.Network/publicIPPrefixes/join/action",
}
_READS_ADDRESSES = "Microsoft.Network/publicIPAddresses/read"
_SUBNET_ACTIONS = (
    "Microsoft.Network/virtualNetworks/subnets/read",
    "Microsoft.Network/virtualNetworks/subnets/join/action",
)


@dataclass(frozen=True, slots=True)
class Need:
    """An action that the cluster's identity needs at `scope`. `grant_at`: where a role for it is best granted."""

    action: str
    scope: str
    grant_at: str


@dataclass(frozen=True, slots=True)
class MissingRight:
    """What an identity may not do, and the command that cures it."""

    principal: str
    need: Need

    @property
    def detail(self) -> str:
        """Who lacks what, and where."""
        return f"The cluster's identity {self.principal} lacks {self.need.action} on {self.need.scope}."

    @property
    def remedy(self) -> str:
        """Role, scope and command."""
        return (
            f"Grant it the role {ROLE}, then retry the job: az role assignment create "
            f"--assignee-object-id {self.principal} --assignee-principal-type ServicePrincipal "
            f'--role "{ROLE}" --scope {self.need.grant_at}'
        )


class RightMissingError(SlipwayError):
    """The cluster's identity may not use an address. Slipway grants nothing by itself."""

    code = "cluster_identity_lacks_role"
    status = 409
    title = "The cluster's identity may not use the address"
    error_class = ErrorClass.PERMISSION


async def require_right_to_join(
    cloud: Cloud, subscription_id: str, cluster: ManagedCluster, ids: Iterable[str]
) -> None:
    """Raise RightMissingError, with role, scope and command, for the first of these addresses that it may not use."""
    own = f"/resourcegroups/{(cluster.node_resource_group or '').lower()}/"
    needs = [
        Need(_JOINS[azure_id.split("/")[-2].lower()], azure_id, azure_id)
        for azure_id in ids
        if own not in azure_id.lower()
    ]
    missing = await missing_right(cloud, subscription_id, cluster, needs)
    if missing is not None:
        raise RightMissingError(missing.detail, remedy=missing.remedy)


def needs_of_address(azure_id: str) -> tuple[Need, ...]:
    """What the cluster's controller does with a public address: it looks for it among all of the group, and joins it.

    https://learn.microsoft.com/azure/aks/static-ip: the role is on the address's resource group.
    """
    group = azure_id.partition("/providers/")[0]
    return Need(_READS_ADDRESSES, group, group), Need(_JOINS["publicipaddresses"], azure_id, group)


def needs_of_subnet(subnet_id: str) -> tuple[Need, ...]:
    """What the controller does with the subnet of an internal address.

    https://learn.microsoft.com/azure/aks/internal-lb#specify-a-different-subnet
    """
    return tuple(Need(action, subnet_id, subnet_id) for action in _SUBNET_ACTIONS)


async def missing_right(
    cloud: Cloud, subscription_id: str, cluster: ManagedCluster, needs: Iterable[Need]
) -> MissingRight | None:
    """The first of these that the cluster's identity may not do.

    Only a certain no counts: where Slipway itself may not read roles, or the identity is not known, Azure decides.
    """
    principal = cluster.identity_principal_id
    roles = cloud.gateways.azure.subscription(subscription_id).role_assignments
    for need in needs if principal else ():
        try:
            allowed = await roles.may(str(principal), need.action, need.scope, call=azure_call(cloud))
        except AzureError as error:
            if error.row.error_class in {ErrorClass.TRANSIENT, ErrorClass.CONFLICT}:
                raise
            cloud.context.progress("Whether the cluster's identity has its rights cannot be read")
            return None
        if not allowed:
            return MissingRight(str(principal), need)
    return None
