"""Azure's codes at the places where Azure says them, and what must follow: facts of Azure, not of our table.

Each row is one job (or two) of `test_azure_codes.py`. What follows, `does`, is in these words:

- `ends`: the job fails at once
- `once`, `twice`: sent again as often; what was refused soon, then a minute later, what was taken by steps of their own
- `eight`: eight attempts, ever more rarely; - `minute:N`: an attempt each minute, N in all (no N: until the deadline)
- `turn`: tried every few seconds without end; - `blocked`: fails, or waits 5, 15, 60 minutes with `on_blocked: wait`
- `fine`: the job succeeds without an attempt more
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.engine.retry import Pause

PUT, FAILED, READ, CREDENTIAL = "put", "failed operation", "read", "credential"
GROUP, DELETE, FAILED_DELETE, REGISTER, TAGS = "group put", "delete", "failed delete", "register", "tags"


@dataclass(frozen=True)
class Case:
    """One error of Azure's at one place. `cause` is the code that the caller is shown when it is not the outer one."""

    place: str
    status: int
    code: str
    error_class: str
    ours: str
    does: str
    message: str = "Azure's words."
    cause: str | None = None
    body: dict[str, Any] | None = None

    @property
    def taken(self) -> bool:
        """Whether Azure has taken what was asked, and ended it so."""
        return self.status == 0

    @property
    def repeated(self) -> int:
        """How often what was taken is sent again."""
        return {"once": 1, "twice": 2}.get(self.does, 0) if self.taken else 0


BUSY = "Another operation (Updating) is in progress, see https://aka.ms/aks-pending-operation for details."
CORES = (
    "Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota. Location: "
    "westeurope, Current Limit: 10, Current Usage: 8, Additional Required: 4, (Minimum) New Limit Required: 12."
)


def _nested(code: str, message: str) -> str:
    return f'Failed: {{"error": {{"code": "{code}", "message": "{message}"}}}}'


def _exit(number: int, *, windows: bool = False) -> str:
    script = "CustomScriptExtension" if windows else "vmssCSE"
    return f"VM has reported a failure when processing extension '{script}'. Error message: exit status={number}"


def _all(  # noqa: PLR0917 - a row of the table below, in the order of `Case`
    place: str, status: int, codes: str, error_class: str, ours: str, does: str, message: str = "Azure's words."
) -> tuple[Case, ...]:
    return tuple(Case(place, status, code, error_class, ours, does, message) for code in codes.split())


CASES: tuple[Case, ...] = (
    # Wrappers: the deepest cause counts, in JSON inside a message, in details, and in the form that Go prints.
    *(
        Case(FAILED, 0, code, "capacity", "azure_capacity_allocation_failed", "ends",
             _nested("AllocationFailed", "No hardware."), cause="AllocationFailed")
        for code in (
            "CreateVMSSAgentPoolFailed", "ReconcileVMSSAgentPoolFailed", "ResourceOperationFailure",
            "ResourceDeploymentFailure", "DeploymentFailed", "InvalidTemplateDeployment",
        )
    ),
    Case(FAILED, 0, "ReconcileResourceGroupError", "quota", "azure_public_ip_limit", "ends",
         cause="PublicIPCountLimitReached", body={"code": "ReconcileResourceGroupError", "message": "x", "details": [
             {"code": "DeploymentFailed", "details": [{"code": "PublicIPCountLimitReached", "message": "10 of 10"}]}]}),
    Case(FAILED, 0, "VMSSAgentPoolReconciler", "quota", "azure_quota_exceeded", "ends", cause="OperationNotAllowed",
         message=f'VMSSAgentPoolReconciler retry failed: Code="OperationNotAllowed" Message="{CORES}"'),
    # One operation at a time.
    Case(PUT, 409, "OperationNotAllowed", "conflict", "azure_operation_in_progress", "turn", BUSY),
    Case(TAGS, 409, "OperationNotAllowed", "conflict", "azure_operation_in_progress", "turn", BUSY),
    Case(DELETE, 409, "OperationNotAllowed", "conflict", "azure_operation_in_progress", "turn", BUSY),
    Case(PUT, 409, "EtagMismatch", "conflict", "azure_etag_mismatch", "twice", BUSY),
    *_all(FAILED, 0, "AKSOperationPreempted OperationPreempted", "conflict", "azure_operation_preempted", "ends"),
    Case(FAILED, 0, "AKSOperationPreemptedByDelete", "gone", "azure_operation_preempted_by_delete", "ends"),
    # Quota.
    Case(PUT, 409, "OperationNotAllowed", "quota", "azure_quota_exceeded", "blocked", CORES),
    *_all(PUT, 400, "QuotaExceeded InsufficientVCPUQuota ErrCode_InsufficientVCPUQuota "
          "ErrorCode_InsufficientVCPUQuota ResourceQuotaExceeded", "quota", "azure_quota_exceeded", "blocked"),
    Case(FAILED, 0, "QuotaExceeded", "quota", "azure_quota_exceeded", "ends", CORES),
    Case(PUT, 400, "QuotaExceeded", "capacity", "azure_capacity_provider_quota", "minute",
         "The subscription hosted in AKS-managed is full."),
    *_all(PUT, 400, "PublicIPCountLimitReached ResourceCountExceedsLimitDueToTemplate", "quota",
          "azure_public_ip_limit", "blocked"),
    Case(PUT, 400, "LoadBalancerFrontendIPConfigurationCountLimitReached", "quota", "azure_load_balancer_limit",
         "blocked"),
    Case(FAILED, 0, "OperationNotAllowed", "quota", "azure_node_disk_limit", "ends",
         "The maximum number of data disks allowed to be attached to a VM of this size is 4."),
    # Capacity.
    *_all(PUT, 400, "AksCapacityHeavyUsage AKSCapacityError", "capacity", "azure_capacity_heavy_usage", "minute"),
    *_all(PUT, 409, "AllocationFailed ZonalAllocationFailed OverconstrainedAllocationRequest "
          "OverconstrainedZonalAllocationRequest", "capacity", "azure_capacity_allocation_failed", "minute"),
    *_all(PUT, 400, "SubnetIsFull InsufficientSubnetSize", "capacity", "azure_subnet_full", "ends"),
    # The request, or what it meets, is wrong.
    *_all(PUT, 400, "SkuNotAvailable NotAvailableForSubscription VMSizeNotSupported", "configuration",
          "azure_size_not_available", "ends"),
    Case(PUT, 400, "BadRequest", "configuration", "azure_size_not_available", "ends",
         "The VM size of Standard_D4s_v5 is not allowed in your subscription in location 'westeurope'."),
    Case(PUT, 400, "AvailabilityZoneNotSupported", "configuration", "azure_zone_not_supported", "ends"),
    *_all(PUT, 400, "K8sVersionNotSupported AgentPoolK8sVersionNotSupported", "configuration",
          "azure_version_not_supported", "ends"),
    Case(PUT, 409, "OperationNotAllowed", "configuration", "azure_upgrade_path_not_allowed", "ends",
         "Upgrading Kubernetes version 1.31.1 to 1.33.1 is not allowed. Available upgrades: [1.32.1]."),
    Case(PUT, 400, "NodePoolMcVersionIncompatible", "configuration", "azure_pool_version_incompatible", "ends"),
    Case(PUT, 400, "ValidationError", "configuration", "azure_deprecated_api_used", "ends",
         "Upgrade is blocked due to recent usage of a Kubernetes API deprecated in the new version."),
    Case(FAILED, 0, "UnsatisfiablePDB", "configuration", "azure_pdb_blocks_upgrade", "ends"),
    *_all(FAILED, 0, "PodDrainFailure UpgradeFailed", "configuration", "azure_drain_failed", "ends"),
    Case(FAILED, 0, "ReconcileVMSSAgentPoolFailed", "configuration", "azure_drain_failed", "ends",
         "Drain of aks-a-vmss0 did not complete: Too many req pod x blocked by pdb y."),
    *_all(PUT, 400, "SubnetIsDelegated SubnetWithExternalResourcesCannotBeUsedByOtherResources", "configuration",
          "azure_subnet_taken", "ends"),
    Case(PUT, 409, "VirtualNetworkNotInSucceededState", "transient", "azure_network_not_ready", "minute:15"),
    *_all(PUT, 400, "ServiceCidrOverlapExistingSubnetsCidr DnsServiceIpOutOfServiceCidr", "configuration",
          "azure_address_plan_clash", "ends"),
    *_all(PUT, 400, "InvalidLoadBalancerProfileAllocatedOutboundPorts "
          "SpecifiedAllocatedOutboundPortsForOutboundRuleIsNotAMultipleOfEight "
          "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts", "configuration",
          "azure_outbound_ports_invalid", "ends"),
    *_all(PUT, 400, "InvalidParameter InvalidParameterValue BadRequest BadRequestFormat InvalidRequestContent "
          "MissingRequiredParameter", "configuration", "azure_request_invalid", "ends"),
    Case(PUT, 400, "PropertyChangeNotAllowed", "configuration", "azure_immutable_property", "ends"),
    Case(PUT, 400, "BadRequest", "configuration", "azure_immutable_property", "ends",
         "Changing property 'imageReference' is not allowed."),
    *_all(PUT, 409, "ReservedResourceName NodeResourceGroupAlreadyExists", "configuration", "azure_name_not_allowed",
          "ends"),
    Case(PUT, 400, "BadRequest", "configuration", "azure_autoscaler_in_the_way", "ends",
         "Cannot scale cluster autoscaler enabled node pool."),
    Case(PUT, 400, "BadRequest", "configuration", "azure_autoscaler_in_the_way", "ends",
         "Cannot manually scale and enable cluster autoscaler in the same update."),
    Case(PUT, 409, "OperationNotAllowed", "configuration", "azure_pool_change_in_cluster_put", "ends",
         "Node pool update via managed cluster not allowed."),
    Case(PUT, 400, "InvalidParameter", "configuration", "azure_pool_minimum", "ends",
         "The value of parameter agentPoolProfile.count is invalid: must be greater or equal to minCount:1."),
    Case(PUT, 400, "SystemPoolHasRestrictedTaint", "configuration", "azure_system_pool_taint", "ends"),
    Case(PUT, 400, "SystemPoolSkuTooLow", "configuration", "azure_system_pool_size", "ends"),
    Case(PUT, 404, "PlatformImageNotFound", "configuration", "azure_image_not_found", "ends"),
    Case(PUT, 400, "LocationRequired", "configuration", "azure_location_not_available", "ends"),
    *_all(GROUP, 400, "RegionIsOfferRestricted LocationNotAvailableForResourceType", "configuration",
          "azure_location_not_available", "ends"),
    *_all(READ, 403, "ReadOnlyDisabledSubscription SubscriptionNotFound", "configuration",
          "azure_subscription_not_usable", "ends"),
    Case(PUT, 400, "BadRequest", "gone", "azure_workspace_gone", "ends",
         "Unable to get log analytics workspace info. Resource ID: /x."),
    # Not there, or not yet.
    Case(PUT, 400, "InvalidResourceReference", "transient", "azure_reference_not_found", "minute:5"),
    *_all(PUT, 404, "ParentResourceNotFound ResourceGroupNotFound", "gone", "azure_not_found", "ends"),
    *_all(DELETE, 404, "ResourceNotFound NotFound ResourceGroupNotFound", "gone", "azure_not_found", "fine"),
    Case(PUT, 409, "ResourceGroupBeingDeleted", "conflict", "azure_resource_group_being_deleted", "turn"),
    Case(GROUP, 409, "ResourceGroupBeingDeleted", "conflict", "azure_resource_group_being_deleted", "turn"),
    Case(FAILED_DELETE, 0, "ResourceGroupDeletionTimeout", "conflict", "azure_resource_group_being_deleted", "ends"),
    # What only a person can grant.
    *_all(PUT, 403, "AuthorizationFailed LinkedAuthorizationFailed", "permission", "azure_authorization_failed",
          "blocked"),
    Case(GROUP, 403, "AuthorizationFailed", "permission", "azure_authorization_failed", "blocked"),
    Case(READ, 403, "AuthorizationFailed", "permission", "azure_authorization_failed", "blocked"),
    Case(CREDENTIAL, 403, "AuthorizationFailed", "permission", "azure_authorization_failed", "ends"),
    Case(REGISTER, 403, "AuthorizationFailed", "permission", "azure_authorization_failed", "ends"),
    Case(PUT, 403, "CreateRoleAssignmentError", "permission", "azure_role_assignment_denied", "blocked"),
    *_all(PUT, 400, "ServicePrincipalValidationClientError AADSTS7000222 InvalidClientSecret", "permission",
          "azure_login_failed", "blocked"),
    *_all(PUT, 400, "CustomPrivateDNSZoneMissingPermissionError CreateOrUpdateVirtualNetworkLinkFailed", "permission",
          "azure_private_dns_denied", "blocked"),
    Case(PUT, 403, "RequestDisallowedByPolicy", "permission", "azure_policy_denied", "blocked"),
    Case(PUT, 409, "ScopeLocked", "permission", "azure_scope_locked", "blocked"),
    Case(DELETE, 409, "ScopeLocked", "permission", "azure_scope_locked", "blocked"),
    Case(PUT, 400, "PrincipalNotFound", "transient", "azure_service_principal_not_found", "minute:10"),
    # Azure's own troubles.
    Case(PUT, 405, "MethodNotAllowed", "transient", "azure_identity_lag", "minute"),
    Case(PUT, 400, "FailedIdentityOperation", "transient", "azure_identity_lag", "minute"),
    *_all(PUT, 429, "Throttled SubscriptionRequestsThrottled TooManyRequests TooManyRequestsReceived", "transient",
          "azure_throttled", "fine"),
    Case(READ, 429, "TooManyRequests", "transient", "azure_throttled", "fine"),
    Case(CREDENTIAL, 429, "Throttled", "transient", "azure_throttled", "fine"),
    *_all(PUT, 409, "AnotherOperationInProgress RetryableError CanceledAndSupersededDueToAnotherOperation Conflict",
          "transient", "azure_network_object_busy", "eight"),
    *_all(PUT, 500, "InternalServerError InternalOperationError ControlPlaneProvisioningInternalError "
          "ControlPlaneAddOnsNotReady EntityStoreOperationError", "transient", "azure_internal_error", "twice"),
    Case(DELETE, 500, "InternalServerError", "transient", "azure_internal_error", "twice"),
    Case(READ, 500, "InternalServerError", "transient", "azure_internal_error", "eight"),
    Case(PUT, 503, "NobodyKnows", "transient", "azure_internal_error", "twice"),
    *_all(FAILED, 0, "InternalServerError InternalOperationError ControlPlaneProvisioningInternalError "
          "ControlPlaneAddOnsNotReady EntityStoreOperationError", "transient", "azure_internal_error", "twice"),
    Case(FAILED_DELETE, 0, "InternalServerError", "transient", "azure_internal_error", "ends"),
    # Nodes that do not start; the number is all that Azure says.
    *(
        Case(FAILED, 0, "VMExtensionProvisioningError", error_class, ours, does, _exit(number))
        for numbers, error_class, ours, does in (
            ((50,), "configuration", "azure_node_no_egress", "once"),
            ((51,), "configuration", "azure_node_no_api_server", "once"),
            ((52, 215), "configuration", "azure_node_dns_wrong", "ends"),
            ((53,), "transient", "azure_node_dns_slow", "once"),
            ((31, 33, 35, 36, 37, 41, 70, 71), "transient", "azure_node_download_failed", "once"),
            ((65,), "transient", "azure_node_image_faulty", "ends"),
            ((*range(83, 88), 123, *range(224, 230)), "configuration", "azure_node_gpu_driver_failed", "once"),
            ((5, 9, 98, 99, 100), "transient", "azure_node_slow_boot", "once"),
            ((211,), "configuration", "azure_node_registry_timeout", "once"),
            ((212,), "configuration", "azure_node_registry_refused", "ends"),
        )
        for number in numbers
    ),
    Case(FAILED, 0, "VMExtensionProvisioningError", "configuration", "azure_node_no_api_server", "once",
         _exit(5, windows=True)),
    Case(FAILED, 0, "VMExtensionProvisioningTimeout", "transient", "azure_node_start_timeout", "once"),
    # What cannot be deleted yet, or at all.
    *_all(DELETE, 409, "LoadBalancerInUseByVirtualMachineScaleSet InUseSubnetCannotBeDeleted "
          "InUseNetworkSecurityGroupCannotBeDeleted InUseRouteTableCannotBeDeleted PublicIPAddressCannotBeDeleted",
          "conflict", "azure_resource_in_use", "minute:10"),
    *_all(DELETE, 409, "CannotDeleteLoadBalancerWithPrivateLinkService "
          "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted", "conflict",
          "azure_private_endpoint_attached", "ends"),
    Case(FAILED_DELETE, 0, "InUseSubnetCannotBeDeleted", "conflict", "azure_resource_in_use", "ends"),
    # What nobody knows is never guessed.
    *(Case(place, status, "MoonPhase", "unknown", "azure_unknown_error", "ends", "Not tonight.")
      for place, status in ((PUT, 400), (GROUP, 409), (READ, 418), (DELETE, 409), (FAILED, 0), (FAILED_DELETE, 0),
                            (CREDENTIAL, 400), (TAGS, 400), (REGISTER, 400))),
    Case(PUT, 409, "OperationNotAllowed", "unknown", "azure_unknown_error", "ends", "The moon is in the way."),
    Case(FAILED, 0, "VMExtensionProvisioningError", "unknown", "azure_unknown_error", "ends", _exit(249)),
)  # fmt: skip

ELSEWHERE: dict[str, str] = {
    "MissingSubscriptionRegistration SubscriptionNotRegistered NoRegisteredProviderFound "
    "MissingRegistrationForLocation":
        "a test of its own: what is missing is registered on the way",
    "RoleAssignmentExists": "Slipway grants no roles yet",
    "NetworkSecurityGroupInUse": "the beginning of NetworkSecurityGroupInUseByVirtualMachineScaleSet, in the table",
    "SpecifiedAllocatedOutboundPorts IsNotAMultipleOfEight ExceedsTotalNumberOfAvailablePorts":
        "parts of two codes that are in the table",
    "DnsRecordInUse PrivateIPAddressInReservedRange PrivateIPAddressNotInSubnet":
        "said by Microsoft.Network: tests/load_balancers/test_azure_codes.py has them",
    "TotalSharesProvisionedCapacityExceedsAccountLimit ShareBeingDeleted ShareHasSnapshots InvalidHeaderValue "
    "NetworkAclsValidationFailure SubnetsHaveNoServiceEndpointsConfigured AuthorizationFailure "
    "KeyBasedAuthenticationNotPermitted": "said by Microsoft.Storage: tests/storage/test_azure_codes.py has them",
    "PublicIpAddress OutboundConnFail K8SAPIServerConnFail K8SAPIServerDNSLookupFail K8sDownload CniDownload "
    "VHDFileNotFound OrasPull NetworkTimeout Unauthorized": "no codes: words beside one, or names of exit numbers",
    "RetryAfter InternalServerErrors": "no codes",
}  # fmt: skip
"""Names of ERRORS.md that are no row here, and why."""


def wrong_pauses(case: Case, pauses: list[Pause], *, waits: bool) -> str | None:
    """What is wrong with the pauses between a job's attempts, if anything."""
    word, _, number = case.does.partition(":")
    seconds = [pause.seconds for pause in pauses]
    reasons = {pause.waiting_for for pause in pauses}
    slow = "capacity" if case.error_class == "capacity" else "azure"
    match word:
        case _ if case.taken:
            good = not pauses
        case "ends" | "fine":
            good = not pauses
        case "twice":
            good = len(pauses) == 2 and seconds[0] < 2 and 45 < seconds[1] < 75
        case "eight":
            good = len(pauses) == 7 and all(a < b for a, b in pairwise(seconds)) and reasons == {None}
        case "turn":
            good = len(pauses) == 3 and max(seconds) < 7 and reasons == {"another_operation"}
        case "minute":
            attempts = int(number) - 1 if number else 3
            good = len(pauses) == attempts and all(45 < s < 75 for s in seconds) and reasons == {slow}
        case _:
            good = seconds == [300.0, 900.0] and reasons == {case.error_class} if waits else not pauses
    return None if good else f"pauses {pauses}"
