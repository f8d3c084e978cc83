"""What a cluster's events say of a claim that is not bound, as data. The first row whose pattern is found wins.

Texts: Kubernetes' volume controller and scheduler, external-provisioner, the drivers of Azure Files and Disk, and the
answers of Azure's that they pass on.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """One meaning. `detail` and `remedy` may name the pattern's groups, and `said`, the text itself."""

    code: str
    pattern: re.Pattern[str]
    detail: str
    remedy: str | None = None
    by_itself: bool = False


def _row(code: str, pattern: str, detail: str, remedy: str | None = None, *, by_itself: bool = False) -> Meaning:
    return Meaning(code, re.compile(pattern, re.IGNORECASE), detail, remedy, by_itself)


# fmt: off
ROWS: tuple[Meaning, ...] = (
    _row("waits_for_pod", r"^WaitForFirstConsumer:|waiting for first consumer",
         "Its class provisions when a pod that mounts it is scheduled; there is none yet.",
         "Start a pod that mounts it.", by_itself=True),
    _row("waits_for_pod", r"^WaitForPodScheduled:|waiting for pod (?P<pod>\S+) to be scheduled",
         "It waits for the pod {pod} to be scheduled.",
         "Look at why that pod is Pending: kubectl describe pod {pod}.", by_itself=True),
    _row("class_missing", r"storageclass(\.storage\.k8s\.io)? \"(?P<name>[^\"]+)\" not found",
         "The cluster has no storage class {name}.", "Make it, or name another one."),
    _row("no_volume_fits", r"^FailedBinding:.*no persistent volumes available.*no storage class is set",
         "No PersistentVolume fits, and the claim names no class that would provision one.",
         "Make a PersistentVolume, or name a class in `storageClassName`."),
    _row("volume_taken", r"volume \"(?P<name>[^\"]+)\" already bound to a different claim",
         "The PersistentVolume {name} is bound to another claim.",
         "One PersistentVolume serves one claim: make another one."),
    _row("access_modes_differ", r"VolumeMismatch|incompatible accessModes|requested PV is too small|does not match",
         "The PersistentVolume does not fit the claim: {said}", "Make both agree in size, class and access modes."),
    _row("invalid_parameter", r"invalid parameter \"?(?P<name>[\w./-]+)\"? in storage class",
         "The driver knows no parameter {name} of the class.",
         "Make the class anew without it: POST /v1/clusters/{{cluster}}/storage-classes checks parameters."),
    _row("nfs_needs_premium", r"nfs protocol is not supported|nfs.*(only|needs|requires).*premium|"
         r"InvalidHeaderValue.*EnabledProtocols|enableNfsV3|does not support NFS",
         "NFS needs a premium account: {said}",
         "Use a class with `skuName: Premium_LRS` and `protocol: nfs`."),
    _row("share_too_small", r"(shareQuota|share ?size|request(ed)? storage).*(less|smaller|below|between|minimum)|"
         r"InvalidHeaderValue|quota.*100",
         "The size is outside of what its tier allows: {said}",
         "Premium shares begin at 100 GiB: ask for more."),
    _row("account_name_taken", r"StorageAccountAlready(Taken|Exists)|account name .* (is )?already taken|NameNotAvail",
         "The account that the class names is taken, by somebody anywhere in Azure: {said}",
         "An account's name is unique in the world: leave `storageAccount` out of the class, or name your own."),
    _row("account_limit", r"TooManyStorageAccounts|MaxStorageAccountsCountPerSubscriptionExceeded|"
         r"SubscriptionRequestsThrottled.*storage|more than \d+ storage accounts",
         "The subscription's limit of storage accounts in this region is reached.",
         "Let classes name an account that is there (`storageAccount`), or ask Azure for a higher limit."),
    _row("azure_authorization_failed", r"(Linked)?AuthorizationFailed|does not have authorization|\b403\b",
         "The cluster's identity may not make storage in Azure: {said}",
         "Give it the role Contributor on the resource group that the class names."),
    _row("azure_policy_denied", r"RequestDisallowedByPolicy", "An Azure Policy forbids it: {said}",
         "Add what the policy asks for to the class (tags, allowBlobPublicAccess, networkEndpointType), or ask for an "
         "exemption."),
    _row("azure_scope_locked", r"ScopeLocked", "A lock forbids it: {said}", "Remove the lock."),
    _row("resource_group_missing", r"ResourceGroupNotFound",
         "The class names a resource group that Azure has not: {said}",
         "Make the group, or the class anew with another one."),
    _row("kubernetes_quota_exceeded", r"exceeded quota: (?P<name>[^\s,]+)",
         "The namespace's ResourceQuota {name} is used up.", "Raise it, or remove what is not needed."),
    _row("azure_quota", r"OperationNotAllowed.*quota|QuotaExceeded|exceed(s|ed|ing).*quota",
         "A quota in Azure is used up: {said}", "Ask Azure for a higher limit, or remove what is not needed."),
    _row("share_being_deleted", r"ShareBeingDeleted|being deleted",
         "A share of this name is being deleted in Azure.", "Wait for some minutes.", by_itself=True),
    _row("throttled", r"TooManyRequests|\b429\b|throttl", "Azure throttles the driver; it tries again.",
         by_itself=True),
    _row("zone_mismatch", r"volume node affinity conflict|zone.*not.*(available|supported)",
         "No node is in the zone of its disk: {said}", "Use a class of zone-redundant disks, or nodes in that zone."),
    _row("provisioner_silent", r"^ExternalProvisioning:.*external provisioner [\"'](?P<name>[^\"']+)",
         "Waiting for {name} to make its storage.", "If it stays so: does the driver run in the cluster?",
         by_itself=True),
    _row("provisioning", r"^Provisioning:", "The driver makes its storage in Azure.", by_itself=True),
    _row("resizing", r"^(Resizing|ExternalExpanding|FileSystemResizeRequired):", "It is being made larger.",
         by_itself=True),
    _row("deadline", r"DeadlineExceeded|context deadline exceeded|timed out",
         "Azure did not answer the driver in time; it tries again: {said}", by_itself=True),
)
# fmt: on
