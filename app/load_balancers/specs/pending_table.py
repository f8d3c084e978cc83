"""What the cloud controller's warnings mean, as data. The first row whose pattern is found wins.

Texts: kubernetes-sigs/cloud-provider-azure, and the answers of Azure's that it passes on.
"""

import re
from dataclasses import dataclass

from app.core.errors import ErrorClass

_QUOTA = ErrorClass.QUOTA
_PERMISSION = ErrorClass.PERMISSION
_CONFIGURATION = ErrorClass.CONFIGURATION
_CONFLICT = ErrorClass.CONFLICT
_TRANSIENT = ErrorClass.TRANSIENT


@dataclass(frozen=True, slots=True)
class Meaning:
    """One meaning. `detail` and `remedy` may name the pattern's groups, and `said`, the text itself."""

    code: str
    error_class: ErrorClass
    pattern: re.Pattern[str]
    detail: str
    remedy: str | None = None
    by_itself: bool = False


def _row(
    code: str,
    error_class: ErrorClass,
    pattern: str,
    detail: str,
    remedy: str | None = None,
    *,
    by_itself: bool = False,
) -> Meaning:
    return Meaning(code, error_class, re.compile(pattern, re.IGNORECASE), detail, remedy, by_itself)


# fmt: off
ROWS: tuple[Meaning, ...] = (
    _row("azure_authorization_failed", _PERMISSION,
         r"object id '(?P<principal>[^']+)'.*?does not have (authorization|permission) to perform action "
         r"'(?P<action>[^']+)' (over scope|on the linked scope\(s\)) '(?P<scope>[^']+)'",
         "The cluster's identity ({principal}) may not do {action} on {scope}.",
         "Grant it, and ask again: az role assignment create --assignee-object-id {principal} "
         '--assignee-principal-type ServicePrincipal --role "Network Contributor" --scope {scope}'),
    _row("azure_authorization_failed", _PERMISSION,
         r"AuthorizationFailed|does not have authorization",
         "The cluster's identity may not do this in Azure: {said}",
         "Give it the role Network Contributor on the resource that Azure names."),
    _row("azure_policy_denied", _PERMISSION, r"RequestDisallowedByPolicy",
         "An Azure Policy forbids it: {said}", "Add what the policy asks for, or ask for an exemption."),
    _row("azure_scope_locked", _PERMISSION, r"ScopeLocked", "A lock forbids it: {said}", "Remove the lock."),
    _row("azure_public_ip_limit", _QUOTA,
         r"PublicIPCountLimitReached|ResourceCountExceedsLimitDueToTemplate|"
         r"cannot create more than (?P<limit>\d+) public IP",
         "The subscription's limit of public addresses in this region is reached.",
         "Release an address that nothing uses (GET /v1/public-ips), ask Azure for a higher limit, or share the "
         "address of another exposure: `share_address_with`."),
    _row("azure_load_balancer_limit", _QUOTA,
         r"LoadBalancerFrontendIPConfigurationCountLimitReached|more than \d+ NAT or load balancing rules|"
         r"LoadBalancingRuleCountLimit|Security(Group)?Rules?(Count|AddressPrefixes)Limit|MaxSecurityRule|RulesPerNic|"
         r"more than \d+ security rules|"
         r"LoadBalancer\w*(CountLimit|LimitReached|CannotHaveMoreThan)|LoadBalancingRulesPerLoadBalancer|"
         r"exceeds the maximum number of (rules|(source|destination) IP addresses)|rule priority exhausted",
         "A limit of the load balancer or its security group is reached: {said}",
         "Remove ports or ranges that are not needed, or share the address of another exposure."),
    _row("dns_label_taken", _CONFLICT,
         r"DnsRecordInUse.*?DNS record (?P<label>\S+)|DnsRecordInUse|DnsRecordIsReserved",
         "The DNS label is taken: another public IP of the region has it.",
         "Choose another label, or release the address that has it: GET /v1/public-ips shows those of the project."),
    _row("dns_label_taken", _CONFLICT,
         r"existing service (?P<holder>\S+) consuming the DNS label",
         "The address has the DNS label of the Service {holder} already.",
         "Leave the label to that Service, or remove it there first."),
    _row("dns_label_taken", _CONFLICT, r"existing DNS label (?P<label>\S+) on the public IP",
         "The address has another DNS label already: {label}.", "Ask for that label, or for none."),
    _row("port_taken", _CONFLICT,
         r"trying to consume the port (?P<port>\d+) which is being referenced by an existing \w+ rule (?P<rule>\S+)",
         "Port {port} of the address is taken by another Service: rule {rule}.",
         "Choose another port, or another address."),
    _row("port_taken", _CONFLICT, r"RulesUseSame(Frontend|Backend)Port\w+",
         "Another rule of the load balancer has this port: {said}", "Choose another port, or another address."),
    _row("azure_sku_mismatch", _CONFIGURATION,
         r"DifferentSku\w*|SkuMismatch|(Sku|PublicIPPrefix)DoNotMatch|MustBeStandardSku|"
         r"(basic|standard) sku.*?(standard|basic) sku",
         "The address and the load balancer are of different SKUs; Azure does not mix Basic and Standard.",
         "Take a public IP of SKU Standard."),
    _row("azure_prefix_exhausted", _QUOTA, r"PublicIpPrefix\w*(OutOf|Exhaust|NotEnough|NoAvailable)\w*|"
         r"prefix \S+ (has no|is out of)",
         "The prefix has no free address any more.", "Take another prefix, or release an address of this one."),
    _row("public_ip_not_found", _CONFIGURATION,
         r"cannot find public IP with IP address (?P<address>\S+) in resource group (?P<group>\S+)|"
         r"user supplied IP Address (?P<address2>\S+) was not found in resource group (?P<group2>\S+)|"
         r"PublicIP from annotation \S*=(?P<name>\S+) for service \S+ doesn't exist|ResourceGroupNotFound",
         "Azure has no such public IP where the controller looks for it: {said}",
         "It looks in the node resource group, unless the Service names another one: make the address known to "
         "Slipway (POST /v1/public-ips) and give it as `public_ip`."),
    _row("azure_public_ip_in_use", _CONFLICT, r"PublicIPAddressInUse|PublicIPReferencedByMultipleIPConfigs",
         "Something else still has the public address: {said}",
         "Take it from there first: GET /v1/public-ips/{{address}} says who has it."),
    _row("azure_public_ip_allocation_failed", ErrorClass.CAPACITY, r"PublicI[Pp](Address|Prefix)AllocationFailed",
         "Azure has no public address to give in this region or zone.", "Wait, or take another region.",
         by_itself=True),
    _row("private_address_taken", _CONFLICT,
         r"PrivateIPAddressIs(Allocated|BeingCleanedUp)|PrivateIPAddressInUse|"
         r"private IP address (?P<address>\S+) which is already",
         "The private address is taken in its subnet: {said}",
         "Choose another one, or none: Azure takes a free one then."),
    _row("private_address_not_in_subnet", _CONFIGURATION,
         r"PrivateIPAddressNotIn(Any)?Subnet|PrivateIPAddressInReservedRange|does not belong to the range of subnet",
         "The private address is not one that the subnet can give: {said}",
         "Choose one inside the subnet, but for its first four and its last."),
    _row("azure_subnet_full", ErrorClass.CAPACITY, r"SubnetIsFull|InsufficientSubnetSize|no (more )?free addresses",
         "The subnet has no free address.", "Take another subnet, or make room in this one."),
    _row("subnet_not_found", _CONFIGURATION,
         r"failed to get subnet|subnet \S+ (was )?not found|InvalidResourceReference.*?subnets/(?P<subnet>[^/' ]+)",
         "The cluster's virtual network has no such subnet: {said}", "Name a subnet of that network."),
    _row("annotation_invalid", _CONFIGURATION,
         r"failed to parse annotation (?P<key>\S+)|error parsing (value|idle timeout)|error value:|"
         r"unsupported .*annotation|invalid service annotation|cannot set both spec\.LoadBalancerSourceRanges|"
         r"SCTP is only supported",
         "The controller cannot read the value of an annotation: {said}", "Correct the annotation."),
    _row("azure_throttled", _TRANSIENT, r"TooManyRequests|Throttled|rate limit|StatusCode: 429|RESPONSE 429",
         "Azure takes no more calls of the cluster's for the moment.", by_itself=True),
    _row("azure_network_object_busy", _TRANSIENT,
         r"AnotherOperationInProgress|RetryableError|CanceledAndSuperseded|EtagMismatch|PreconditionFailed|"
         r"ReferencedResourceNotProvisioned",
         "A network object is being changed by another operation; the controller tries again.", by_itself=True),
    _row("azure_internal_error", _TRANSIENT,
         r"InternalServerError|ServiceUnavailable|GatewayTimeout|BadGateway|RESPONSE 5\d\d|StatusCode: 5\d\d|"
         r"context deadline exceeded|connection reset|i/o timeout",
         "Azure had a fault of its own; the controller tries again.", by_itself=True),
)
UNKNOWN = _row("azure_unknown_error", ErrorClass.UNKNOWN, r"$^",
               "The controller says: {said}", "Look at the Service's events in the cluster.", by_itself=True)
# fmt: on
