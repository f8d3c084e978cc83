"""A cluster's machines, as its Kubernetes API shall show them."""

from collections.abc import Sequence

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.locations import find_location
from app.emulator.core.store import Resource
from app.emulator.core.vm_sizes import VM_SIZES, find_vm_size
from app.emulator.kubernetes.host import ClusterSpec, NodeSpec
from app.emulator.providers.containerservice.instances import EVICTED, NEXT, machines_of, nodes_of, target
from app.emulator.providers.containerservice.names import POOL_TYPE
from app.emulator.providers.containerservice.node_resource_group import node_group_of
from app.emulator.providers.containerservice.scale_sets import SCALE_SET, address_of

_NO_ADDRESS = "0.0.0.0"  # noqa: S104 - of a machine without a NIC; nothing listens on it


def pools_of(cloud: Cloud, cluster: Resource) -> list[Resource]:
    """The agent pools of a cluster, in the order of creation."""
    return cloud.store.of_type(POOL_TYPE, under=cluster.id)


def cluster_spec(cluster: Resource) -> ClusterSpec:
    """What the Kubernetes API of a cluster has to know."""
    properties = cluster.body["properties"]
    return ClusterSpec(
        key=cluster.key,
        name=cluster.body["name"],
        resource_group=cluster.id.split("/")[4],
        location=cluster.body["location"],
        fqdn=properties["fqdn"],
        kubernetes_version=cluster.internal.get("kubernetes_version", properties["currentKubernetesVersion"]),
        ip_families=tuple(properties["networkProfile"].get("ipFamilies") or ("IPv4",)),
        private=bool((properties.get("apiServerAccessProfile") or {}).get("enablePrivateCluster")),
    )


def node_specs(cloud: Cloud, cluster: Resource) -> list[NodeSpec]:
    """Every node of every pool that is through with its creation."""
    return [
        _node(cloud, cluster, pool, instance, machines_of(pool)[str(instance)])
        for pool in pools_of(cloud, cluster)
        for instance in nodes_of(pool)
    ]


def template(cloud: Cloud, cluster: Resource, pool: Resource) -> NodeSpec:
    """A node as the pool would get one more."""
    version, image = target(pool)
    number = pool.internal.get(NEXT, 0)
    return _node(cloud, cluster, pool, number, {"version": version, "image": image})


def _node(cloud: Cloud, cluster: Resource, pool: Resource, instance: int, machine: Document) -> NodeSpec:
    properties, group = pool.body["properties"], node_group_of(cluster)
    os_type = properties["osType"]
    size = find_vm_size(properties["vmSize"]) or VM_SIZES["standard_ds2_v2"]
    scale_set = group.scale_set_name(pool.name, os_type)
    zones: Sequence[str] = properties.get("availabilityZones") or ()
    region = find_location(group.location)
    return NodeSpec(
        name=group.node_name(pool.name, os_type, instance),
        pool=pool.name,
        mode=properties["mode"],
        vm_size=size.name,
        os_type=os_type,
        os_sku=properties["osSKU"],
        kubernetes_version=machine["version"],
        location=region.name if region else group.location,
        zone=str(zones[instance % len(zones)]) if zones else None,
        provider_id=(
            f"azure:///subscriptions/{group.subscription}/resourceGroups/{group.name.lower()}/providers/"
            f"Microsoft.Compute/virtualMachineScaleSets/{scale_set}/virtualMachines/{instance}"
        ),
        internal_ip=address_of(cloud, group.resource_id(SCALE_SET, scale_set), instance) or _NO_ADDRESS,
        cpu=size.cores,
        memory_gib=size.memory_gib,
        max_pods=properties["maxPods"],
        ready=not machine.get(EVICTED)
        and all(one.body["properties"]["powerState"]["code"] == "Running" for one in (cluster, pool)),
        node_resource_group=group.name,
        labels=properties.get("nodeLabels") or {},
        taints=tuple(properties.get("nodeTaints") or ()),
        node_image=machine["image"],
    )
