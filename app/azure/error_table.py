"""What Azure's errors mean, as data: those that Microsoft.Resources, Microsoft.ContainerService and ARM itself say.

The first row that fits wins, so rows with a message stand before those with the code alone. A code that no row knows
is of class unknown: it is counted, shown raw, never guessed.
"""

from app.azure.error_row import Action, Row, row
from app.azure.error_table_nodes import NODE_ROWS
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
        "The operation was already being canceled.",
        codes="OperationNotAllowed", message="already canceled"),
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
    row("azure_resource_in_use", _CONFLICT, Action.RETRY_SLOWLY,
        "Something still uses the object, so Azure does not delete it.",
        "Detach or delete what holds it.",
        codes="LoadBalancerInUseByVirtualMachineScaleSet InUseSubnetCannotBeDeleted "
              "InUseNetworkSecurityGroupCannotBeDeleted InUseRouteTableCannotBeDeleted "
              "PublicIPAddressCannotBeDeleted NetworkSecurityGroupInUseByVirtualMachineScaleSet CannotDeleteResource "
              "CannotDeleteLoadBalancerWithPrivateLinkService "
              "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted"),
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
        codes="QuotaExceeded InsufficientVCPUQuota ErrorCode_InsufficientVCPUQuota ResourceQuotaExceeded"),
    row("azure_public_ip_limit", _QUOTA, Action.FAIL,
        "The region's limit of public addresses is reached.",
        "Release an address, ask for a higher limit, or share an address.",
        codes="PublicIPCountLimitReached ResourceCountExceedsLimitDueToTemplate"),
    row("azure_load_balancer_limit", _QUOTA, Action.FAIL,
        "A limit of the load balancer or network security group is reached.",
        "Share an address, use a second load balancer, or fewer ranges.",
        codes="LoadBalancerFrontendIPConfigurationCountLimitReached"),
    row("azure_capacity_heavy_usage", _CAPACITY, Action.RETRY_SLOWLY,
        "The region has no capacity for another control plane.",
        "Take another region, or wait.",
        codes="AksCapacityHeavyUsage AKSCapacityError"),
    row("azure_capacity_allocation_failed", _CAPACITY, Action.RETRY_SLOWLY,
        "The region or zone has no hardware for this size and these constraints.",
        "Take another zone or size, or drop the ephemeral disk or the zone.",
        codes="AllocationFailed ZonalAllocationFailed OverconstrainedAllocationRequest "
              "OverconstrainedZonalAllocationRequest"),
    row("azure_subnet_full", _CAPACITY, Action.FAIL,
        "The subnet has not enough addresses, counting surge nodes and the autoscaler's maximum.",
        "Take a bigger subnet, fewer pods a node, overlay networking, or a surge of 1.",
        codes="SubnetIsFull InsufficientSubnetSize"),
)

_CONFIGURATION_ROWS: tuple[Row, ...] = (
    row("azure_upgrade_path_not_allowed", _CONFIGURATION, Action.FAIL,
        "This upgrade is not offered from the version that runs.",
        "Upgrade in the offered steps, one minor version at a time.",
        codes="OperationNotAllowed AgentPoolUpgradeVersionNotAllowed BadRequest InvalidParameter",
        message=r"upgrad\w+ .*(not allowed|not supported)|available upgrades"),
    row("azure_upgrade_path_not_allowed", _CONFIGURATION, Action.FAIL,
        "This upgrade is not offered from the version that runs.",
        "Upgrade in the offered steps, one minor version at a time.",
        codes="AgentPoolUpgradeVersionNotAllowed"),
    row("azure_pool_change_in_cluster_put", _CONFIGURATION, Action.FAIL,
        "A pool was changed through the cluster, which Azure does not take.",
        "Change the pool itself.",
        codes="OperationNotAllowed", message="node pool update via managed cluster"),
    row("azure_size_not_available", _CONFIGURATION, Action.FAIL,
        "This size of machine is not offered to the subscription in this region.",
        "Choose one of the offered sizes.",
        codes="BadRequest", message="vm size .*not allowed|not allowed in your subscription in location"),
    row("azure_size_not_available", _CONFIGURATION, Action.FAIL,
        "This size of machine is not offered to the subscription in this region.",
        "Choose one of the offered sizes.",
        codes="SkuNotAvailable NotAvailableForSubscription VMSizeNotSupported"),
    row("azure_zone_not_supported", _CONFIGURATION, Action.FAIL,
        "The zone does not exist for this size and region.",
        "Drop the zones, or take another size.",
        codes="AvailabilityZoneNotSupported"),
    row("azure_version_not_supported", _CONFIGURATION, Action.FAIL,
        "This Kubernetes version is retired, or not offered in the region.",
        "Take an offered version.",
        codes="K8sVersionNotSupported AgentPoolK8sVersionNotSupported"),
    row("azure_pool_version_incompatible", _CONFIGURATION, Action.FAIL,
        "A pool's version is too far from the control plane's.",
        "Upgrade the pools that lag first, or the control plane when it is behind.",
        codes="NodePoolMcVersionIncompatible"),
    row("azure_deprecated_api_used", _CONFIGURATION, Action.FAIL,
        "Something used a Kubernetes API within the last 12 hours that the new version no longer has.",
        "Migrate what uses it and wait 12 hours, or force the upgrade.",
        codes="ValidationError", message="deprecated"),
    row("azure_pdb_blocks_upgrade", _CONFIGURATION, Action.FAIL,
        "A PodDisruptionBudget allows no disruption, so nodes cannot be drained.",
        "Fix the PodDisruptionBudget, or force the upgrade.",
        codes="UnsatisfiablePDB"),
    row("azure_drain_failed", _CONFIGURATION, Action.FAIL,
        "A node could not be drained.",
        "Fix the blocking pod or its PodDisruptionBudget, or allow a longer drain.",
        codes="PodDrainFailure UpgradeFailed"),
    row("azure_drain_failed", _CONFIGURATION, Action.FAIL,
        "A node could not be drained.",
        "Fix the blocking pod or its PodDisruptionBudget, or allow a longer drain.",
        message="drain of .*did not complete"),
    row("azure_subnet_taken", _CONFIGURATION, Action.FAIL,
        "The subnet belongs to another service.",
        "Take another subnet.",
        codes="SubnetIsDelegated SubnetWithExternalResourcesCannotBeUsedByOtherResources"),
    row("azure_network_not_ready", _TRANSIENT, Action.RETRY,
        "The virtual network is being updated, or failed its last update.",
        "Repair the virtual network if this lasts.",
        codes="VirtualNetworkNotInSucceededState"),
    row("azure_address_plan_clash", _CONFIGURATION, Action.FAIL,
        "The ranges of services, DNS and subnets clash.",
        "Choose other ranges.",
        codes="ServiceCidrOverlapExistingSubnetsCidr DnsServiceIpOutOfServiceCidr"),
    row("azure_outbound_ports_invalid", _CONFIGURATION, Action.FAIL,
        "Ports per node times nodes (at their maximum, with surge) exceed 64,000 per outbound address, "
        "or are no multiple of 8.",
        "Take more outbound addresses, fewer ports, or a lower maximum.",
        codes="InvalidLoadBalancerProfileAllocatedOutboundPorts"),
    row("azure_autoscaler_in_the_way", _CONFIGURATION, Action.FAIL,
        "The pool's count belongs to its autoscaler.",
        "Change its minimum and maximum, or turn the autoscaler off.",
        message="cannot (manually )?scale (cluster )?autoscaler|cannot manually scale and enable"),
    row("azure_immutable_property", _CONFIGURATION, Action.FAIL,
        "This property cannot be changed once the object exists.",
        "Make a new pool or cluster with the wanted value and move over.",
        codes="PropertyChangeNotAllowed"),
    row("azure_immutable_property", _CONFIGURATION, Action.FAIL,
        "This property cannot be changed once the object exists.",
        "Make a new pool or cluster with the wanted value and move over.",
        message=r"changing property '[^']+' is not allowed"),
    row("azure_name_not_allowed", _CONFIGURATION, Action.FAIL,
        "The name is taken or reserved.",
        "Choose another name.",
        codes="ReservedResourceName NodeResourceGroupAlreadyExists InvalidResourceGroupLocation"),
    row("azure_provider_not_registered", _CONFIGURATION, Action.REGISTER_PROVIDER,
        "The resource provider is not registered in the subscription.",
        "Register it: POST /v1/providers/{namespace}:register.",
        codes="MissingSubscriptionRegistration SubscriptionNotRegistered NoRegisteredProviderFound "
              "MissingRegistrationForLocation"),
    row("azure_location_not_available", _CONFIGURATION, Action.FAIL,
        "The subscription cannot use this region.",
        "Take another region.",
        codes="LocationNotAvailableForResourceGroup LocationNotAvailableForResourceType RegionIsOfferRestricted "
              "LocationRequired InvalidLocation"),
    row("azure_subscription_not_usable", _CONFIGURATION, Action.FAIL,
        "The subscription does not exist for Slipway's identity, or is disabled.",
        "Use another subscription, or enable this one.",
        codes="SubscriptionNotFound ReadOnlyDisabledSubscription InvalidSubscriptionId"),
    row("azure_local_accounts_disabled", _CONFIGURATION, Action.FAIL,
        "The cluster has no admin kubeconfig: its local accounts are disabled.",
        "Ask for a user kubeconfig; log in with Microsoft Entra.",
        message="getting static credential is not allowed"),
    row("azure_workspace_gone", _GONE, Action.FAIL,
        "The Log Analytics workspace of the cluster's monitoring was deleted; that blocks changes of the cluster.",
        "Recover the workspace (within 14 days), or turn monitoring off.",
        message="unable to get log analytics workspace info"),
    row("azure_image_not_found", _CONFIGURATION, Action.FAIL,
        "The node image no longer exists.",
        "Take the current node image.",
        codes="PlatformImageNotFound"),
    row("azure_pool_minimum", _CONFIGURATION, Action.FAIL,
        "A system pool needs at least one node.",
        "Take a count of 1 or more, or a user pool.",
        codes="InvalidParameter", message="greater or equal to minCount|minCount"),
    row("azure_request_invalid", _CONFIGURATION, Action.FAIL,
        "Azure found the request wrong.",
        "Correct the field that Azure names.",
        codes="InvalidParameter InvalidParameterValue BadRequest BadRequestFormat InvalidRequestContent "
              "MissingRequiredParameter InvalidRequestFormat InvalidResourceName ValidationError "
              "InvalidApiVersionParameter InvalidTemplate PropertyRequired"),
    row("azure_reference_not_found", _TRANSIENT, Action.RETRY,
        "Something that the request refers to is not there, or not yet.",
        "Restore what the request refers to.",
        codes="InvalidResourceReference"),
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
    row("azure_service_principal_not_found", _TRANSIENT, Action.RETRY,
        "Microsoft Entra does not show the identity yet.",
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
    *_CONFIGURATION_ROWS,
    *_CONFLICT_ROWS[4:],
    *_PERMISSION_ROWS,
    *_GONE_ROWS,
    *_TRANSIENT_ROWS,
    *NODE_ROWS,
)
