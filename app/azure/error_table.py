"""What Azure's errors mean, as data: those that Microsoft.Resources, Microsoft.ContainerService and ARM itself say.

The first row that fits wins, so rows with a message stand before those with the code alone. A code that no row knows
is of class unknown: it is counted, shown raw, never guessed.
"""

from app.azure.error_row import Action, Row, row
from app.azure.error_table_configuration import CONFIGURATION_ROWS
from app.azure.error_table_key_vault import KEY_VAULT_ROWS
from app.azure.error_table_monitoring import MONITORING_ROWS
from app.azure.error_table_network import NETWORK_ROWS
from app.azure.error_table_nodes import NODE_ROWS
from app.azure.error_table_storage import STORAGE_ROWS
from app.core.errors import ErrorClass

_TRANSIENT = ErrorClass.TRANSIENT
_QUOTA = ErrorClass.QUOTA
_CAPACITY = ErrorClass.CAPACITY
_CONFIGURATION = ErrorClass.CONFIGURATION
_PERMISSION = ErrorClass.PERMISSION
_CONFLICT = ErrorClass.CONFLICT
_GONE = ErrorClass.GONE
_AKS = "Microsoft.ContainerService"

WRAPPERS = frozenset(
    code.lower()
    for code in (
        "CreateVMSSAgentPoolFailed",
        "ReconcileVMSSAgentPoolFailed",
        "VMSSAgentPoolReconciler",
        "ResourceOperationFailure",
        "ResourceDeploymentFailure",
        "DeploymentFailed",
        "InvalidTemplateDeployment",
        "VMExtensionProvisioningError",
        "ReconcileResourceGroupError",
        "ReconcileAgentPoolFailed",
        "Unspecified",
    )
)

# fmt: off
_CONFLICT_ROWS: tuple[Row, ...] = (
    row("azure_etag_mismatch", _CONFLICT, Action.REFRESH,
        "The object changed in Azure since Slipway read it.",
        "Read it again, review the difference, and ask again.",
        codes="EtagMismatch PreconditionFailed"),
    row("azure_operation_preempted_by_delete", _GONE, Action.SUPERSEDED,
        "The cluster is being deleted; the operation was ended for that.",
        codes="AKSOperationPreemptedByDelete"),
    row("azure_operation_preempted", _CONFLICT, Action.SUPERSEDED,
        "A newer operation on the cluster took over.",
        "Ask again when the cluster is idle.",
        codes="AKSOperationPreempted OperationPreempted"),
    row("azure_abort_taken", _TRANSIENT, Action.OBSERVE,
        "The operation was already being canceled, or had ended.",
        codes="OperationNotAllowed", message=r"already cancel|already \w+, operation not allowed"),
    row("azure_operation_in_progress", _CONFLICT, Action.WAIT_TURN,
        "Another operation is running on this cluster or pool; Azure takes one at a time.",
        "Wait for it to end, or abort it.",
        codes="OperationNotAllowed Conflict",
        message="another operation|is in progress|in-progress|aks-pending-operation"),
    row("azure_resource_group_being_deleted", _CONFLICT, Action.WAIT_TURN,
        "The resource group is being deleted.",
        "Wait until it is gone, or use another resource group.",
        codes="ResourceGroupBeingDeleted ResourceGroupDeletionBlocked ResourceGroupDeletionTimeout"),
    row("azure_network_object_busy", _TRANSIENT, Action.RETRY,
        "A network object is being changed by another operation.",
        codes="AnotherOperationInProgress RetryableError CanceledAndSupersededDueToAnotherOperation Conflict "
              "NotLatestOperation"),
    row("azure_private_endpoint_attached", _CONFLICT, Action.FAIL,
        "Private endpoints are attached to the load balancer's private link service, so Azure does not delete it.",
        "Remove the private endpoints.",
        codes="CannotDeleteLoadBalancerWithPrivateLinkService "
              "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted"),
    row("azure_resource_in_use", _CONFLICT, Action.RETRY_SLOWLY,
        "Something still uses the object, so Azure does not delete it.",
        "Detach or delete what holds it.", minutes=10,
        codes="LoadBalancerInUseByVirtualMachineScaleSet InUseSubnetCannotBeDeleted "
              "InUseNetworkSecurityGroupCannotBeDeleted InUseRouteTableCannotBeDeleted "
              "PublicIPAddressCannotBeDeleted NetworkSecurityGroupInUseByVirtualMachineScaleSet CannotDeleteResource"),
)

_QUOTA_ROWS: tuple[Row, ...] = (
    row("azure_capacity_provider_quota", _CAPACITY, Action.RETRY_SLOWLY,
        "A subscription on Microsoft's side is full; your own quota is not the cause.",
        "Open a support ticket with the correlation id.",
        codes="QuotaExceeded", message="hosted (on|in) a? ?(microsoft|aks)[- ]managed|hosted ?system"),
    row("azure_quota_exceeded", _QUOTA, Action.FAIL,
        "The subscription's quota of cores (of this family, region or priority) is used up.",
        "Ask Azure for the printed new limit, or take a smaller size or count, another family or another region.",
        message=r"exceeding (approved|quota)|cores quota|quota limit|New Limit Required"),
    row("azure_node_disk_limit", _QUOTA, Action.FAIL,
        "The node has no free slot for a data disk.",
        "Take a bigger size or more nodes, or wait for a detach.",
        codes="OperationNotAllowed", message="maximum number of data disks"),
    row("azure_quota_exceeded", _QUOTA, Action.FAIL,
        "A quota of the subscription is used up.",
        "Ask Azure for a higher limit, or take a smaller size or count, another family or another region.",
        codes="QuotaExceeded InsufficientVCPUQuota ErrCode_InsufficientVCPUQuota ErrorCode_InsufficientVCPUQuota "
        "ResourceQuotaExceeded"),
    row("azure_capacity_heavy_usage", _CAPACITY, Action.RETRY_SLOWLY,
        "The region has no capacity for another control plane.",
        "Take another region, or wait.",
        codes="AksCapacityHeavyUsage AKSCapacityError"),
    row("azure_capacity_allocation_failed", _CAPACITY, Action.RETRY_SLOWLY,
        "The region or zone has no hardware for this size and these constraints.",
        "Take another zone or size, or drop the ephemeral disk or the zone.", minutes=10,
        codes="AllocationFailed ZonalAllocationFailed OverconstrainedAllocationRequest "
              "OverconstrainedZonalAllocationRequest"),
    row("azure_subnet_full", _CAPACITY, Action.FAIL,
        "The subnet has not enough addresses, counting surge nodes and the autoscaler's maximum.",
        "Take a bigger subnet, fewer pods a node, overlay networking, or a surge of 1.",
        codes="SubnetIsFull InsufficientSubnetSize"),
)

_PERMISSION_ROWS: tuple[Row, ...] = (
    row("azure_authorization_failed", _PERMISSION, Action.FAIL,
        "Slipway's identity may not do this in Azure; a new role takes up to an hour to work.",
        "Grant the role for the action and scope that Azure names.",
        codes="AuthorizationFailed LinkedAuthorizationFailed Forbidden"),
    row("azure_login_failed", _PERMISSION, Action.FAIL,
        "Microsoft Entra did not accept Slipway's login.",
        "Check the identity; rotate its secret, or use a managed identity.",
        codes="ServicePrincipalValidationClientError AADSTS7000222 InvalidClientSecret InvalidAuthenticationToken "
              "ExpiredAuthenticationToken AuthenticationFailed InvalidAuthenticationTokenTenant"),
    row("azure_service_principal_not_found", _TRANSIENT, Action.RETRY_SLOWLY,
        "Microsoft Entra does not show the identity yet.", minutes=10,
        codes="PrincipalNotFound ServicePrincipalNotFound"),
    row("azure_role_assignment_exists", _CONFLICT, Action.TREAT_AS_DONE,
        "The role was already granted.",
        codes="RoleAssignmentExists"),
    row("azure_role_assignment_denied", _PERMISSION, Action.FAIL,
        "Azure may not write the role assignments that the cluster needs.",
        "Grant the roles beforehand, or give the identity User Access Administrator.",
        codes="CreateRoleAssignmentError"),
    row("azure_private_dns_denied", _PERMISSION, Action.FAIL,
        "The cluster's identity has no rights on the private DNS zone or the network link.",
        "Grant Private DNS Zone Contributor and Network Contributor.",
        codes="CustomPrivateDNSZoneMissingPermissionError CreateOrUpdateVirtualNetworkLinkFailed"),
    row("azure_policy_denied", _PERMISSION, Action.FAIL,
        "An Azure Policy forbids this.",
        "Add what the policy asks for (often tags), or ask for an exemption.",
        codes="RequestDisallowedByPolicy"),
    row("azure_scope_locked", _PERMISSION, Action.FAIL,
        "A lock forbids the change.",
        "Remove the lock.",
        codes="ScopeLocked"),
)

_GONE_ROWS: tuple[Row, ...] = (
    row("azure_not_found", _GONE, Action.TREAT_AS_GONE,
        "Azure does not have it.",
        "Forget it, or create it again.",
        codes="ResourceNotFound NotFound ResourceGroupNotFound ParentResourceNotFound"),
)

_TRANSIENT_ROWS: tuple[Row, ...] = (
    row("azure_throttled", _TRANSIENT, Action.RETRY,
        "Azure takes no more calls for the moment.",
        codes="Throttled SubscriptionRequestsThrottled TooManyRequests TooManyRequestsReceived "
              "OperationThrottled ResourceCollectionRequestsThrottled"),
    row("azure_identity_lag", _TRANSIENT, Action.RETRY_SLOWLY,
        "The region does not know the identity yet.",
        codes="FailedIdentityOperation MethodNotAllowed"),
    row("azure_internal_error", _TRANSIENT, Action.OBSERVE,
        "Azure had a fault of its own.",
        "Open a support ticket with the correlation id if this lasts.",
        codes="InternalServerError InternalOperationError ControlPlaneProvisioningInternalError "
              "ControlPlaneAddOnsNotReady EntityStoreOperationError ServiceUnavailable GatewayTimeout BadGateway "
              "ServerTimeout ServerBusy"),
)
# fmt: on

TABLE: tuple[Row, ...] = (
    *_CONFLICT_ROWS[:4],
    *_QUOTA_ROWS,
    *NETWORK_ROWS,
    *STORAGE_ROWS,
    *MONITORING_ROWS,
    *KEY_VAULT_ROWS,
    *CONFIGURATION_ROWS,
    *_CONFLICT_ROWS[4:],
    *_PERMISSION_ROWS,
    *_GONE_ROWS,
    *_TRANSIENT_ROWS,
    *NODE_ROWS,
)
