"""What Microsoft.Network says of load balancers, addresses and rules: class, words, remedy, and what follows."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.azure.errors import AzureError, Source, classify
from app.core.errors import ErrorClass
from app.engine.retry import Budget, next_pause
from app.load_balancers.specs.pending import cause_of
from tests.load_balancers.test_pending import BODY, SYNC, said

ERRORS = Path(os.environ.get("SLIPWAY_RECORDINGS", "none")).parent / "ERRORS.md"


@dataclass(frozen=True)
class Case:
    """An error of Azure's. `remedy`: a word of what the caller is told; `attempts`: those after the first."""

    code: str
    error_class: str
    ours: str
    remedy: str
    attempts: int = 0
    message: str = "Azure's words."


def _all(codes: str, error_class: str, ours: str, remedy: str, attempts: int = 0) -> tuple[Case, ...]:
    return tuple(Case(code, error_class, ours, remedy, attempts) for code in codes.split())


RULES = "Load balancer kubernetes cannot have more than 299 NAT or load balancing rules."
NOT_FOUND = "user supplied IP Address 20.1.2.3 was not found in resource group MC_g"
CASES = (
    *_all("PublicIPCountLimitReached ResourceCountExceedsLimitDueToTemplate", "quota", "azure_public_ip_limit",
          "higher"),
    *_all("LoadBalancerFrontendIPConfigurationCountLimitReached LoadBalancerRuleCountLimitReached "
          "LoadBalancerRuleCountLimitReachedForNic SecurityGroupRulesCountLimitReached "
          "SecurityRuleAddressPrefixesLimitReached", "quota", "azure_load_balancer_limit", "Share an address"),
    Case("BadRequest", "quota", "azure_load_balancer_limit", "Share an address", message=RULES),
    Case("SomethingNew", "quota", "azure_load_balancer_limit", "fewer ranges",
         message="Group nsg cannot have more than 1000 security rules."),
    *_all("RouteTableRouteCountLimitReached", "quota", "azure_route_table_limit", "overlay"),
    *_all("PublicIpPrefixOutOfIpAddresses", "quota", "azure_prefix_exhausted", "another prefix"),
    *_all("PublicIPAddressAllocationFailed PublicIpPrefixAllocationFailed", "capacity",
          "azure_public_ip_allocation_failed", "another zone", 9),
    *_all("DnsRecordInUse DnsRecordIsReserved", "conflict", "azure_dns_label_taken", "another label"),
    *_all("InvalidDomainNameLabel DomainNameLabelReserved", "configuration", "azure_dns_label_invalid", "hyphens"),
    Case("BadRequest", "configuration", "azure_public_ip_not_found", "Network Contributor", message=NOT_FOUND),
    Case("SomethingNew", "configuration", "azure_public_ip_not_found", "resource group", message=NOT_FOUND),
    *_all("PublicIPAddressInUse PublicIPReferencedByMultipleIPConfigs", "conflict", "azure_public_ip_in_use",
          "GET /v1/public-ips", 9),
    *_all("PublicIPAndLBSkuDoNotMatch PublicIPAddressAndPublicIPPrefixDoNotMatch PublicIpPrefixMustBeStandardSku "
          "DifferentSkuLoadBalancersAndPublicIPAddressNotAllowed "
          "DifferentSkuPublicIPAddressesReferencedByLoadBalancer", "configuration", "azure_sku_mismatch", "Standard"),
    *_all("StandardSkuPublicIPAddressMustBeStatic PublicIPAddressMustBeStatic", "configuration",
          "azure_public_ip_must_be_static", "static"),
    *_all("PrivateIPAddressIsAllocated PrivateIPAddressInUse PrivateIPAddressIsBeingCleanedUp", "conflict",
          "azure_private_address_taken", "another address"),
    *_all("PrivateIPAddressInReservedRange PrivateIPAddressNotInSubnet PrivateIPAddressNotInAnySubnet",
          "configuration", "azure_private_address_not_in_subnet", "first four"),
    *_all("RulesUseSameFrontendPortProtocolAndFrontendIP RulesUseSameBackendPortProtocolAndPool "
          "RulesUseSameBackendPortProtocolAndFrontendIPWithFloatingIPEnabled", "conflict", "azure_port_taken",
          "another port"),
    *_all("SecurityRuleConflict", "conflict", "azure_security_rule_conflict", "priority"),
    *_all("SecurityRuleInvalidAddressPrefix SecurityRuleInvalidPortRange SecurityRuleInvalidPriority "
          "SecurityRuleMissingParameter SecurityRuleParameterContainsUnsupportedValue InvalidCIDRNotation "
          "InvalidAddressPrefixFormat", "configuration", "azure_security_rule_invalid", "ranges"),
    *_all("RouteConflict", "conflict", "azure_route_conflict", "other route"),
    *_all("LoadBalancerOutboundRuleInvalidAllocatedOutboundPorts "
          "SpecifiedAllocatedOutboundPortsForOutboundRuleIsNotAMultipleOfEight "
          "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts "
          "InvalidLoadBalancerProfileAllocatedOutboundPorts", "configuration", "azure_outbound_ports_invalid",
          "more outbound addresses"),
    *_all("ProbeRequestPathInvalid LoadBalancerWithoutFrontendIPCantHaveChildResources", "configuration",
          "azure_load_balancer_invalid", "Azure names"),
    *_all("NetcfgSubnetRangesOverlap NetcfgInvalidSubnet NetcfgInvalidVirtualNetworkSite RouteNextHopIpAddressInvalid "
          "PublicIpPrefixInvalidPrefixLength ServiceCidrOverlapExistingSubnetsCidr DnsServiceIpOutOfServiceCidr",
          "configuration", "azure_address_plan_clash", "other ranges"),
    *_all("InUsePublicIpPrefixCannotBeDeleted InUsePrefixCannotBeDeleted NicInUse ResourceInUse "
          "LoadBalancerInUseByVirtualMachineScaleSet NetworkSecurityGroupInUseByVirtualMachineScaleSet "
          "InUseSubnetCannotBeDeleted InUseNetworkSecurityGroupCannotBeDeleted InUseRouteTableCannotBeDeleted "
          "PublicIPAddressCannotBeDeleted", "conflict", "azure_resource_in_use", "Detach", 9),
    *_all("CannotDeleteLoadBalancerWithPrivateLinkService "
          "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted", "conflict",
          "azure_private_endpoint_attached", "private endpoints"),
    *_all("SubnetIsFull InsufficientSubnetSize", "capacity", "azure_subnet_full", "bigger subnet"),
    *_all("SubnetIsDelegated SubnetWithExternalResourcesCannotBeUsedByOtherResources", "configuration",
          "azure_subnet_taken", "another subnet"),
    *_all("AuthorizationFailed LinkedAuthorizationFailed", "permission", "azure_authorization_failed",
          "Grant the role"),
)  # fmt: skip


def _error(case: Case) -> AzureError:
    body = {"error": {"code": case.code, "message": case.message}}
    return classify(body, Source(provider="Microsoft.Network", http_status=400))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.ours}")
def test_each_code_has_its_class_its_words_its_remedy_and_what_is_safe(case: Case) -> None:
    error = _error(case)
    problem = error.problem
    assert (problem.error_class, problem.code) == (case.error_class, case.ours)
    assert case.remedy in (problem.remedy or "")
    assert case.message not in (problem.title or "")
    assert problem.azure is not None
    assert (problem.azure.code, problem.azure.message) == (case.code, case.message)
    budget, attempts = Budget(), 0
    while attempts < 30 and next_pause(problem, budget, {}, error.patience) is not None:
        attempts += 1
    assert attempts == case.attempts


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.ours}")
def test_the_same_words_in_a_clusters_event_have_the_same_meaning(case: Case) -> None:
    """Trouble 53: a Service that stays pending is explained by the code that Azure would have given Slipway itself."""
    found = cause_of([said(SYNC + BODY.format(status="400 Bad Request", code=case.code, message=case.message))])
    assert found is not None
    if case.ours in NEVER_OF_A_SERVICE:
        assert found.code == "azure_unknown_error"
    else:
        # A Service's own words, such as `port_taken`, have no `azure_` before them.
        assert found.code in {case.ours, case.ours.removeprefix("azure_")}
        assert found.error_class == case.error_class


NEVER_OF_A_SERVICE = frozenset(
    {
        "azure_route_table_limit",
        "azure_route_conflict",
        "azure_address_plan_clash",
        "azure_resource_in_use",
        "azure_subnet_taken",
        "azure_private_endpoint_attached",
        "azure_security_rule_conflict",
        "azure_security_rule_invalid",
        "azure_load_balancer_invalid",
        "azure_outbound_ports_invalid",
        "azure_dns_label_invalid",
        "azure_public_ip_must_be_static",
    }
)
"""What Azure's cloud provider never asks for, or what only a delete meets: its words are shown raw."""

_CODE = re.compile(r"\b[A-Z][A-Za-z0-9]*[a-z][A-Z][A-Za-z0-9]*")
_NETWORK = re.compile(
    r"LoadBalancer|PublicI[pP]|Subnet(?!sHave)|NetworkSecurity|RouteTable|PrivateIP|DnsRecord|Cidr|PrivateLink"
)
_PARTS = {"NetworkSecurityGroupInUse", "PublicIpAddress"}
"""The beginning of a longer code, and a word beside one."""


@pytest.mark.skipif(not ERRORS.exists(), reason="SLIPWAY_RECORDINGS names no folder with ERRORS.md beside it")
def test_each_code_of_networks_that_is_known_of_azure_is_here() -> None:
    lines = [line.split(" | ")[0] for line in ERRORS.read_text().splitlines() if line.startswith("| ")]
    named = {code for line in lines for code in _CODE.findall(line) if _NETWORK.search(code)}
    # Of storage and of outbound profiles others have tests.
    tried = {case.code for case in CASES}
    assert len(named) > 15
    assert sorted(named - tried - _PARTS) == []


def test_what_is_blocked_may_be_waited_for() -> None:
    """A limit that somebody else may raise is waited for with `on_blocked: wait`, and not otherwise."""
    for case in CASES:
        blocked = case.error_class in {ErrorClass.QUOTA, ErrorClass.PERMISSION}
        pause = next_pause(_error(case).problem, Budget(), {"on_blocked": "wait"}, _error(case).patience)
        assert (pause is not None) == (blocked or case.attempts > 0), case.code
