"""Network's refusals, in its envelope and its words."""

from collections.abc import Sequence

from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.paths import split_path


def refusal(status: int, code: str, message: str) -> AzureError:
    """A refusal by Network itself, which always has `details`."""
    return AzureError(status, code, message, envelope=Envelope.WRAPPED, details=[])


def bad(code: str, message: str) -> AzureError:
    """400."""
    return refusal(400, code, message)


def invalid_format(reason: str) -> AzureError:
    """400 for a body whose fields are of the wrong kind."""
    return AzureError(
        400,
        "InvalidRequestFormat",
        "Cannot parse the request.",
        envelope=Envelope.WRAPPED,
        details=[{"code": "InvalidJson", "message": reason}],
    )


def invalid_name(name: str) -> AzureError:
    """400 for a name that no resource of Network can have."""
    return bad(
        "InvalidResourceName",
        f"Resource name {name} is invalid. The name can be up to 80 characters long. It must begin with a word "
        "character, and it must end with a word character or with '_'. The name may contain word characters or "
        "'.', '-', '_'.",
    )


def invalid_reference(target: str, by: str) -> AzureError:
    """400 for an id that names nothing, or something in another region."""
    return bad(
        "InvalidResourceReference",
        f"Resource {target} referenced by resource {by} was not found. Please make sure that the referenced resource "
        "exists, and that both resources are in the same region.",
    )


def change_not_allowed(name: str, resource: str) -> AzureError:
    """400 for a field that stays as it was made."""
    return bad("PropertyChangeNotAllowed", f"Changing property '{name}' of resource {resource} is not allowed.")


def part_not_found(part_id: str) -> AzureError:
    """404 for a part of a resource that is there."""
    return refusal(404, "NotFound", f"Resource {part_id} not found.")


def stale(sent: str, current: str, resource: str) -> AzureError:
    """412: `If-Match` names an older state."""
    return refusal(
        412,
        "PreconditionFailed",
        f"Precondition failed. Etag provided in if-match header {sent} does not match etag {current} of resource "
        f"{resource} in NRP data store. This might happen when resource was concurrently updated.",
    )


def busy(operation_url: str) -> AzureError:
    """429: Network changes a resource, parts and all, once at a time."""
    return refusal(
        429,
        "AnotherOperationInProgress",
        "Another operation on this or dependent resource is in progress. To retrieve status of the operation use "
        f"uri: {operation_url}.",
    )


def subnet_in_use(subnet: str, users: Sequence[str]) -> AzureError:
    """400 for a subnet that somebody has an address in."""
    return bad(
        "InUseSubnetCannotBeDeleted",
        f"Subnet {split_path(subnet)[-1]} is in use by {users[0]} and cannot be deleted. In order to delete the "
        "subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
    )


def public_ip_in_use(address: str, user: str) -> AzureError:
    """400 for a public address that somebody has."""
    return bad(
        "PublicIPAddressCannotBeDeleted",
        f"Public IP address {address} can not be deleted since it is still allocated to resource {user}. In order to "
        "delete the public IP, disassociate/detach the Public IP address from the resource. To learn how to do "
        "this, see aka.ms/deletepublicip.",
    )


def prefix_in_use(prefix: str, users: Sequence[str]) -> AzureError:
    """400 for a prefix out of which addresses were given."""
    return bad(
        "InUsePublicIpPrefixCannotBeDeleted",
        f"Public IP prefix {prefix} cannot be deleted because it is in use by the following resources: "
        f"{', '.join(users)}.",
    )


def security_group_in_use(group: str, users: Sequence[str]) -> AzureError:
    """400 for a security group that subnets or NICs have."""
    scale_sets = scale_sets_of(users)
    if scale_sets:
        return bad(
            "NetworkSecurityGroupInUseByVirtualMachineScaleSet",
            f"Cannot delete network security group {group} since it is in use by virtual machine scale set "
            f"{scale_sets[0]}.",
        )
    return bad(
        "InUseNetworkSecurityGroupCannotBeDeleted",
        f"Network security group {group} cannot be deleted because it is in use by the following resources: "
        f"{', '.join(users)}. In order to delete the Network security group, remove the association with the "
        "resource(s). To learn how to do this, see aka.ms/deletensg.",
    )


def route_table_in_use(table: str) -> AzureError:
    """400 for a route table that subnets have."""
    return bad(
        "InUseRouteTableCannotBeDeleted", f"Route table {split_path(table)[-1]} is in use and cannot be deleted."
    )


def balancer_in_use(balancer: str, pools: Sequence[str], scale_set: str) -> AzureError:
    """400 for a load balancer, or a pool of it, whose pools a scale set's machines are in."""
    return bad(
        "LoadBalancerInUseByVirtualMachineScaleSet",
        f"Cannot delete load balancer {balancer} since its child resources {','.join(pools)} are in use by virtual "
        f"machine scale set {scale_set}.",
    )


def scale_sets_of(users: Sequence[str]) -> list[str]:
    """The scale sets among the ids of users, each once."""
    found = [user.split("/virtualMachines/")[0] for user in users if "/virtualMachineScaleSets/" in user]
    return list(dict.fromkeys(found))
