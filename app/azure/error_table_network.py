"""What Microsoft.Network says of load balancers, addresses and rules.

The codes are those of `app/load_balancers/specs/pending_table.py`, which reads the same words in a cluster's events,
with `azure_` before them.
"""

from app.azure.error_row import Action, Row, row
from app.core.errors import ErrorClass

_TRANSIENT = ErrorClass.TRANSIENT
_QUOTA = ErrorClass.QUOTA
_CAPACITY = ErrorClass.CAPACITY
_CONFIGURATION = ErrorClass.CONFIGURATION
_CONFLICT = ErrorClass.CONFLICT

# fmt: off
NETWORK_ROWS: tuple[Row, ...] = (
    row("azure_public_ip_limit", _QUOTA, Action.FAIL,
        "The region's limit of public addresses is reached.",
        "Release an address, ask for a higher limit, or share an address.",
        codes="PublicIPCountLimitReached ResourceCountExceedsLimitDueToTemplate"),
    row("azure_load_balancer_limit", _QUOTA, Action.FAIL,
        "A limit of the load balancer or network security group is reached.",
        "Share an address, use a second load balancer, or fewer ranges.",
        codes="LoadBalancerFrontendIPConfigurationCountLimitReached LoadBalancerRuleCountLimitReached "
              "LoadBalancerRuleCountLimitReachedForNic SecurityGroupRulesCountLimitReached "
              "SecurityRuleAddressPrefixesLimitReached"),
    row("azure_load_balancer_limit", _QUOTA, Action.FAIL,
        "A limit of the load balancer or network security group is reached.",
        "Share an address, use a second load balancer, or fewer ranges.",
        message=r"cannot have more than \d+ (NAT or load balancing|security) rules"),
    row("azure_route_table_limit", _QUOTA, Action.FAIL,
        "The route table has as many routes as Azure allows.",
        "Take overlay networking, which needs no routes, or fewer nodes.",
        codes="RouteTableRouteCountLimitReached"),
    row("azure_prefix_exhausted", _QUOTA, Action.FAIL,
        "The public IP prefix has no free address.",
        "Release an address of it, or take another prefix.",
        codes="PublicIpPrefixOutOfIpAddresses"),
    row("azure_public_ip_allocation_failed", _CAPACITY, Action.RETRY_SLOWLY,
        "Azure has no public address to give in this region or zone.",
        "Take another zone or region, or wait.", minutes=10,
        codes="PublicIPAddressAllocationFailed PublicIpPrefixAllocationFailed"),
    row("azure_dns_label_taken", _CONFLICT, Action.FAIL,
        "Another public address in this region has the DNS label; often one that was left over.",
        "Take another label, or release the address that has it: GET /v1/public-ips shows yours.",
        codes="DnsRecordInUse DnsRecordIsReserved"),
    row("azure_dns_label_invalid", _CONFIGURATION, Action.FAIL,
        "Azure does not take this DNS label.",
        "Take 3 to 63 lower-case letters, digits and hyphens, beginning with a letter.",
        codes="InvalidDomainNameLabel DomainNameLabelReserved"),
    row("azure_public_ip_not_found", _CONFIGURATION, Action.FAIL,
        "There is no such public address where the cluster looks for it: by default, its node resource group.",
        "Name the address's own resource group, and give the cluster's identity Network Contributor on it.",
        message=r"user supplied IP Address \S+ was not found"),
    row("azure_public_ip_in_use", _CONFLICT, Action.RETRY_SLOWLY,
        "Something else still has the public address.",
        "Take it from there first; GET /v1/public-ips/{address} says who has it.", minutes=10,
        codes="PublicIPAddressInUse PublicIPReferencedByMultipleIPConfigs"),
    row("azure_sku_mismatch", _CONFIGURATION, Action.FAIL,
        "The address and the load balancer are of different SKUs; Azure does not mix Basic and Standard.",
        "Take a Standard address for a Standard load balancer.",
        codes="PublicIPAndLBSkuDoNotMatch PublicIPAddressAndPublicIPPrefixDoNotMatch PublicIpPrefixMustBeStandardSku "
              "DifferentSkuLoadBalancersAndPublicIPAddressNotAllowed "
              "DifferentSkuPublicIPAddressesReferencedByLoadBalancer"),
    row("azure_public_ip_must_be_static", _CONFIGURATION, Action.FAIL,
        "A Standard address is always static.",
        "Ask for a static address.",
        codes="StandardSkuPublicIPAddressMustBeStatic PublicIPAddressMustBeStatic"),
    row("azure_private_address_taken", _CONFLICT, Action.FAIL,
        "Something else in the subnet has the private address.",
        "Take another address of the subnet, or let Azure choose one.",
        codes="PrivateIPAddressIsAllocated PrivateIPAddressInUse PrivateIPAddressIsBeingCleanedUp"),
    row("azure_private_address_not_in_subnet", _CONFIGURATION, Action.FAIL,
        "The private address lies outside of the subnet, or is one of those that Azure keeps for itself.",
        "Take an address of the subnet but its first four and its last, or let Azure choose one.",
        codes="PrivateIPAddressInReservedRange PrivateIPAddressNotInSubnet PrivateIPAddressNotInAnySubnet"),
    row("azure_port_taken", _CONFLICT, Action.FAIL,
        "Another rule of the load balancer has this port of this address.",
        "Take another port, or an address of its own.",
        codes="RulesUseSameFrontendPortProtocolAndFrontendIP RulesUseSameBackendPortProtocolAndPool "
              "RulesUseSameBackendPortProtocolAndFrontendIPWithFloatingIPEnabled"),
    row("azure_security_rule_conflict", _CONFLICT, Action.FAIL,
        "Another security rule of the group has this priority and direction.",
        "Take another priority for your own rule; Azure's cloud provider takes those from 500 on.",
        codes="SecurityRuleConflict"),
    row("azure_security_rule_invalid", _CONFIGURATION, Action.FAIL,
        "Azure found a security rule wrong.",
        "Correct the ranges, ports or priority that Azure names.",
        codes="SecurityRuleInvalidAddressPrefix SecurityRuleInvalidPortRange SecurityRuleInvalidPriority "
              "SecurityRuleMissingParameter SecurityRuleParameterContainsUnsupportedValue InvalidCIDRNotation "
              "InvalidAddressPrefixFormat"),
    row("azure_route_conflict", _CONFLICT, Action.FAIL,
        "Another route of the table leads to this range.",
        "Remove the other route.",
        codes="RouteConflict"),
    row("azure_outbound_ports_invalid", _CONFIGURATION, Action.FAIL,
        "Ports per node times nodes (at their maximum, with surge) exceed 64,000 per outbound address, "
        "or are no multiple of 8.",
        "Take more outbound addresses, fewer ports, or a lower maximum.",
        codes="LoadBalancerOutboundRuleInvalidAllocatedOutboundPorts"),
    row("azure_load_balancer_invalid", _CONFIGURATION, Action.FAIL,
        "Azure found a part of the load balancer wrong.",
        "Correct the probe or rule that Azure names.",
        codes="ProbeRequestPathInvalid LoadBalancerWithoutFrontendIPCantHaveChildResources"),
    row("azure_address_plan_clash", _CONFIGURATION, Action.FAIL,
        "The ranges of networks, subnets or routes clash or are none.",
        "Choose other ranges.",
        codes="NetcfgSubnetRangesOverlap NetcfgInvalidSubnet NetcfgInvalidVirtualNetworkSite "
              "RouteNextHopIpAddressInvalid PublicIpPrefixInvalidPrefixLength"),
    row("azure_resource_in_use", _CONFLICT, Action.RETRY_SLOWLY,
        "Something still uses the object, so Azure does not delete it.",
        "Detach or delete what holds it.", minutes=10,
        codes="InUsePublicIpPrefixCannotBeDeleted InUsePrefixCannotBeDeleted NicInUse ResourceInUse"),
    row("azure_network_object_busy", _TRANSIENT, Action.RETRY,
        "A network interface is still being made or changed.",
        codes="NetworkInterfaceNotInSucceededState ReferencedResourceNotProvisioned"),
)
# fmt: on
