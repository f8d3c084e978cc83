"""What the cloud controller's warnings mean, and what can be done (trouble 53)."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.errors import ErrorClass
from app.kubernetes.types.service import EventSeen
from app.load_balancers.specs.pending import cause_of, explain, mark_of

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
SYNC = "Error syncing load balancer: failed to ensure load balancer: "
PIP = "/subscriptions/s/resourceGroups/addresses/providers/Microsoft.Network/publicIPAddresses/gateway"
BODY = (
    "PUT https://management.azure.com/x\n----\nRESPONSE {status}\nERROR CODE: {code}\n----\n"
    '{{\n  "error": {{\n    "code": "{code}",\n    "message": "{message}"\n  }}\n}}\n----\n'
)
LABEL_HELD = (
    "ensurePublicIPExists for service(a/b): pip(p) - there is an existing service shop/gateway consuming the DNS label "
    "on the public IP, so the service cannot set the DNS label annotation with this value"
)
PORT_HELD = (
    "checkLoadBalancerResourcesConflicts: service port http is trying to consume the port 80 which is being referenced "
    "by an existing loadBalancing rule a1-TCP-80 with the same protocol Tcp and frontend IP config with ID /x"
)
DENIED = (
    "The client 'c1' with object id 'o1' does not have authorization to perform action "
    f"'Microsoft.Network/publicIPAddresses/write' over scope '{PIP}' or the scope is invalid."
)
LINKED = (
    "The client 'c1' with object id 'o1' has permission to perform action 'Microsoft.Network/loadBalancers/write' on "
    f"scope '/subscriptions/s/x'; however, it does not have permission to perform action "
    f"'Microsoft.Network/publicIPAddresses/join/action' on the linked scope(s) '{PIP}' or the linked scope(s) are "
    "invalid."
)


def said(message: str, *, reason: str = "SyncLoadBalancerFailed", minutes: int = 0, count: int = 1) -> EventSeen:
    at = AT + timedelta(minutes=minutes)
    type_ = "Warning" if "Failed" in reason else "Normal"
    return EventSeen(reason, message, type_, count, AT, at, "service-controller", "Service", "web", "default", "u")


def azure(code: str, message: str, status: str = "400 Bad Request") -> str:
    return SYNC + BODY.format(code=code, message=message, status=status)


@pytest.mark.parametrize(
    ("message", "code", "error_class"),
    [
        (azure("PublicIPCountLimitReached", "Cannot create more than 20 public IP addresses."), "azure_public_ip_limit",
         ErrorClass.QUOTA),
        (azure("LoadBalancerFrontendIPConfigurationCountLimitReached", "x"), "azure_load_balancer_limit",
         ErrorClass.QUOTA),
        (azure("X", "Network interface x cannot have more than 299 NAT or load balancing rules"),
         "azure_load_balancer_limit", ErrorClass.QUOTA),
        (azure("DnsRecordInUse", "DNS record shop.westeurope.cloudapp.azure.com is already used by another public IP."),
         "dns_label_taken", ErrorClass.CONFLICT),
        (f"{SYNC}{LABEL_HELD}", "dns_label_taken", ErrorClass.CONFLICT),
        (f"{SYNC}{PORT_HELD}", "port_taken", ErrorClass.CONFLICT),
        (azure("DifferentSkuLoadBalancersAndPublicIPAddressNotAllowed", "Different basic sku and standard sku."),
         "azure_sku_mismatch", ErrorClass.CONFIGURATION),
        (azure("PublicIpPrefixOutOfIpAddresses", "x"), "azure_prefix_exhausted", ErrorClass.QUOTA),
        (f"{SYNC}findMatchedPIPByLoadBalancerIP: cannot find public IP with IP address 20.1.2.3 in resource group MC_x",
         "public_ip_not_found", ErrorClass.CONFIGURATION),
        (f"{SYNC}user supplied IP Address 20.1.2.3 was not found in resource group MC_x", "public_ip_not_found",
         ErrorClass.CONFIGURATION),
        (f"{SYNC}PublicIP from annotation azure-pip-name(-IPv6)=gateway for service default/web doesn't exist",
         "public_ip_not_found", ErrorClass.CONFIGURATION),
        (azure("PrivateIPAddressIsAllocated", "x"), "private_address_taken", ErrorClass.CONFLICT),
        (azure("PrivateIPAddressNotInSubnet", "x"), "private_address_not_in_subnet", ErrorClass.CONFIGURATION),
        (azure("PrivateIPAddressInReservedRange", "x"), "private_address_not_in_subnet", ErrorClass.CONFIGURATION),
        (azure("SubnetIsFull", "x"), "azure_subnet_full", ErrorClass.CAPACITY),
        (f"{SYNC}ensure(default/web): lb(kubernetes-internal) - failed to get subnet: vnet/apps", "subnet_not_found",
         ErrorClass.CONFIGURATION),
        (f"{SYNC}failed to parse annotation service.beta.kubernetes.io/port_80_health-probe_interval: no number",
         "annotation_invalid", ErrorClass.CONFIGURATION),
        (f"{SYNC}cannot set both spec.LoadBalancerSourceRanges and service annotation azure-allowed-ip-ranges",
         "annotation_invalid", ErrorClass.CONFIGURATION),
        (f"{SYNC}invalid service annotation azure-additional-public-ips:1.2.3: no address", "annotation_invalid",
         ErrorClass.CONFIGURATION),
        (f"{SYNC}exceeds the maximum number of rules (1001 > 1000)", "azure_load_balancer_limit", ErrorClass.QUOTA),
        (azure("ResourceGroupNotFound", "Resource group 'own' could not be found.", "404 Not Found"),
         "public_ip_not_found", ErrorClass.CONFIGURATION),
        (azure("AuthorizationFailed", DENIED, "403 Forbidden"), "azure_authorization_failed", ErrorClass.PERMISSION),
        (azure("LinkedAuthorizationFailed", LINKED, "403 Forbidden"), "azure_authorization_failed",
         ErrorClass.PERMISSION),
        (azure("RequestDisallowedByPolicy", "x", "403 Forbidden"), "azure_policy_denied", ErrorClass.PERMISSION),
        (azure("ScopeLocked", "x", "409 Conflict"), "azure_scope_locked", ErrorClass.PERMISSION),
    ],
)  # fmt: skip
def test_what_only_a_person_can_remove_is_named_with_a_remedy(message: str, code: str, error_class: ErrorClass) -> None:
    cause = explain(said(message))
    assert (cause.code, cause.error_class, cause.by_itself) == (code, error_class, False)
    assert cause.remedy
    assert "…" not in cause.detail + cause.remedy


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (azure("TooManyRequests", "x", "429 Too Many Requests"), "azure_throttled"),
        (azure("AnotherOperationInProgress", "x", "409 Conflict"), "azure_network_object_busy"),
        (azure("InternalServerError", "x", "500 Internal Server Error"), "azure_internal_error"),
        (f"{SYNC}something new", "azure_unknown_error"),
    ],
)
def test_what_passes_by_itself_is_waited_for(message: str, code: str) -> None:
    cause = explain(said(message))
    assert (cause.code, cause.by_itself) == (code, True)


@pytest.mark.parametrize("message", [azure("AuthorizationFailed", DENIED), azure("LinkedAuthorizationFailed", LINKED)])
def test_a_missing_right_is_said_with_role_scope_and_command(message: str) -> None:
    """Trouble 56: the identity, the action and the scope; a grant is only ever proposed."""
    cause = explain(said(message))
    assert "o1" in cause.detail
    assert "Microsoft.Network/publicIPAddresses/" in cause.detail
    assert cause.remedy is not None
    assert '--role "Network Contributor"' in cause.remedy
    assert cause.remedy.endswith(f"--scope {PIP}")


def test_the_newest_word_counts_and_a_success_after_it_ends_it() -> None:
    quota, lock = said(azure("PublicIPCountLimitReached", "x")), said(azure("ScopeLocked", "x"), minutes=1)
    done = said("Ensured load balancer", reason="EnsuredLoadBalancer", minutes=2)
    assert cause_of([]) is None
    assert getattr(cause_of([quota, lock]), "code", None) == "azure_scope_locked"
    assert cause_of([quota, lock, done]) is None
    assert cause_of([done, said(azure("ScopeLocked", "x"), minutes=3)]) is not None
    at_once = said("Ensured load balancer", reason="EnsuredLoadBalancer", minutes=1)
    assert cause_of([at_once, lock]) is None


def test_what_was_said_before_counts_only_when_it_is_said_again() -> None:
    before = said(azure("ScopeLocked", "x"))
    known = (mark_of(before),)
    assert cause_of([before], known=known) is None
    again = said(azure("ScopeLocked", "x"), minutes=5, count=2)
    assert cause_of([again], known=known) is not None


def test_what_is_said_of_other_things_is_no_cause() -> None:
    assert cause_of([said("x", reason="FailedToUpdateEndpointSlices")]) is None
