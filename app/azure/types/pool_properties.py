"""The properties of an agent pool under Azure's own names: which a caller may give as they are."""

FREE = frozenset(
    {
        "artifactStreamingProfile",
        "capacityReservationGroupID",
        "enableEncryptionAtHost",
        "enableUltraSSD",
        "gatewayProfile",
        "gpuInstanceProfile",
        "gpuProfile",
        "hostGroupID",
        "kubeletConfig",
        "kubeletDiskType",
        "linuxOSConfig",
        "localDNSProfile",
        "messageOfTheDay",
        "networkProfile",
        "podIPAllocationMode",
        "proximityPlacementGroupID",
        "securityProfile",
        "windowsProfile",
        "workloadRuntime",
    }
)
"""What Slipway has no field for."""

FREE_AND_FIXED = frozenset(
    {
        "capacityReservationGroupID",
        "enableEncryptionAtHost",
        "enableUltraSSD",
        "gpuInstanceProfile",
        "hostGroupID",
        "kubeletDiskType",
        "proximityPlacementGroupID",
    }
)
"""What of it Azure cannot change of a pool that is there (`PropertyChangeNotAllowed`)."""

TYPED = {
    "availabilityZones": "zones",
    "count": "count",
    "creationData": "snapshot_id",
    "enableAutoScaling": "autoscaling",
    "enableFIPS": "fips",
    "enableNodePublicIP": "node_public_ips",
    "maxCount": "autoscaling.max_count",
    "maxPods": "max_pods",
    "minCount": "autoscaling.min_count",
    "mode": "mode",
    "nodeLabels": "labels",
    "nodePublicIPPrefixID": "node_public_ip_prefix_id",
    "nodeTaints": "taints",
    "orchestratorVersion": "kubernetes_version of the cluster",
    "osDiskSizeGB": "os_disk.size_gib",
    "osDiskType": "os_disk.type",
    "osSKU": "os_sku",
    "osType": "os_type",
    "podSubnetID": "pod_subnet_id",
    "scaleDownMode": "scale_down_mode",
    "scaleSetEvictionPolicy": "spot.eviction_policy",
    "scaleSetPriority": "spot",
    "spotMaxPrice": "spot.max_price",
    "tags": "tags",
    "upgradeSettings": "upgrades",
    "vmSize": "size",
    "vnetSubnetID": "subnet_id",
}
"""What a field of Slipway's says, by Azure's name."""

UPGRADE_SETTINGS = {
    "maxSurge": "max_surge",
    "maxUnavailable": "max_unavailable",
    "drainTimeoutInMinutes": "drain_timeout_minutes",
    "nodeSoakDurationInMinutes": "node_soak_minutes",
    "undrainableNodeBehavior": "undrainable_nodes",
}
"""The same of the members of `upgradeSettings`, which are those of `upgrades`."""

AZURES = frozenset(
    {
        "currentOrchestratorVersion",
        "eTag",
        "nodeImageVersion",
        "powerState",
        "provisioningState",
        "status",
        "type",
        "virtualMachineNodesStatus",
        "virtualMachinesProfile",
    }
)
"""What Azure says, or what goes by a verb of its own; machines without a scale set are not offered."""
