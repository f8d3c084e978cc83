"""The scale set of a pool and its machines, each with its NIC and, where it is a managed one, its disk."""

import hashlib
from collections.abc import Collection, Sequence
from itertools import islice

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.network_addresses import RESERVED_IN_SUBNET, addresses_in_subnet
from app.emulator.core.network_documents import (
    LOAD_BALANCER,
    SCALE_SET_NIC,
    SECURITY_GROUP,
    part_id,
    reference,
    resource,
)
from app.emulator.core.network_subnets import addresses_of, find_subnet
from app.emulator.core.store import Resource
from app.emulator.core.vm_sizes import find_vm_size
from app.emulator.providers.containerservice.instances import instances_of, machines_of
from app.emulator.providers.containerservice.node_interfaces import node_interface
from app.emulator.providers.containerservice.node_resource_group import NodeGroup, node_group_of, put_once
from app.emulator.providers.containerservice.subnets import addresses_of_node

SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
MACHINE = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"
DISK = "Microsoft.Compute/disks"
DISK_SKU = {"name": "Premium_LRS", "tier": "Premium"}
POWER = "power"
"""In a machine's internals: `running` or `deallocated`."""


def subnet_of(group: NodeGroup, pool: Resource) -> str:
    """The subnet of a pool's nodes: one of the caller's own, or the one that AKS made."""
    return str(pool.body["properties"].get("vnetSubnetID") or group.subnet_id)


def make_scale_set(cloud: Cloud, cluster: Resource, pool: Resource) -> None:
    """The scale set of a pool, with the pool's machines, each as it is now."""
    group = node_group_of(cluster)
    properties = pool.body["properties"]
    identity = group.resource_id(SCALE_SET, group.scale_set_name(pool.name, properties["osType"]))
    size = find_vm_size(properties["vmSize"])
    sku = {"name": size.name if size else properties["vmSize"], "tier": "Standard", "capacity": len(instances_of(pool))}
    tags = {"aks-managed-poolName": pool.name, "aks-managed-orchestrator": properties["currentOrchestratorVersion"]}
    tags = {**properties.get("tags", {}), **tags}
    put_once(cloud, _scale_set(cloud, group, pool, identity))
    scale_set = cloud.store.get(identity)
    if scale_set is not None:
        scale_set.body.update(sku=sku, tags=tags)
        cloud.store.touch(scale_set)
    kept = {f"{identity}/virtualMachines/{instance}": instance for instance in instances_of(pool)}
    for machine in cloud.store.of_type(MACHINE, under=identity):
        if machine.id not in kept:
            _remove_machine(cloud, machine)
        else:
            _reimage(cloud, machine, _image_of(pool, kept[machine.id]))
    addresses = addresses_of_node(cluster.body["properties"], properties)
    _add_machines(cloud, group, pool, (identity, sku), addresses)


def _reimage(cloud: Cloud, machine: Resource, image: Document) -> None:
    if machine.body["properties"]["storageProfile"]["imageReference"] != image:
        machine.body["properties"]["storageProfile"]["imageReference"] = image
        cloud.store.touch(machine)


def _scale_set(cloud: Cloud, group: NodeGroup, pool: Resource, identity: str) -> Document:
    properties = pool.body["properties"]
    name = identity.rsplit("/", 1)[1]
    balancer = group.resource_id(LOAD_BALANCER, "kubernetes")
    outbound = reference(part_id(balancer, "backendAddressPools", "aksOutboundBackendPool"))
    pools = [outbound] if cloud.store.get(balancer) is not None else []
    interface: Document = {
        "primary": True,
        "enableAcceleratedNetworking": True,
        "enableIPForwarding": True,
        "ipConfigurations": [
            {
                "name": "ipconfig1",
                "properties": {
                    "primary": True,
                    "subnet": reference(subnet_of(group, pool)),
                    "privateIPAddressVersion": "IPv4",
                    "loadBalancerBackendAddressPools": pools,
                },
            }
        ],
    }
    if properties.get("vnetSubnetID"):
        # A subnet of the caller's own keeps the security group that it has.
        interface["networkSecurityGroup"] = reference(
            group.resource_id(SECURITY_GROUP, f"aks-agentpool-{group.number}-nsg")
        )
    profile: Document = {
        "osProfile": {"computerNamePrefix": name, "adminUsername": "azureuser", "allowExtensionOperations": True},
        "storageProfile": {"osDisk": _os_disk(properties), "imageReference": _image(properties)},
        "networkProfile": {"networkInterfaceConfigurations": [{"name": name, "properties": interface}]},
    }
    if properties.get("scaleSetPriority") == "Spot":
        profile["priority"] = "Spot"
        profile["evictionPolicy"] = properties["scaleSetEvictionPolicy"]
        profile["billingProfile"] = {"maxPrice": properties["spotMaxPrice"]}
    shown: Document = {
        "singlePlacementGroup": False,
        "orchestrationMode": "Uniform",
        "upgradePolicy": {"mode": "Manual"},
        "virtualMachineProfile": profile,
        "overprovision": False,
        "platformFaultDomainCount": 1,
        "uniqueId": cloud.guid(),
        "timeCreated": cloud.now().isoformat(),
    }
    body = resource(identity, SCALE_SET, group.location, shown, zones=properties.get("availabilityZones") or ())
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {group.kubelet_identity_id: {}}}
    return body


def _os_disk(properties: Document) -> Document:
    disk: Document = {
        "osType": properties["osType"],
        "createOption": "FromImage",
        "caching": "ReadWrite",
        "diskSizeGB": properties["osDiskSizeGB"],
    }
    if properties["osDiskType"] == "Ephemeral":
        return {**disk, "caching": "ReadOnly", "diffDiskSettings": {"option": "Local", "placement": "CacheDisk"}}
    return {**disk, "managedDisk": {"storageAccountType": DISK_SKU["name"]}}


def _image_of(pool: Resource, instance: int) -> Document:
    image = machines_of(pool)[str(instance)]["image"]
    return _image({**pool.body["properties"], "nodeImageVersion": image})


def _image(properties: Document) -> Document:
    gallery = "/subscriptions/109a5e88-712a-48ae-9078-9ca8b3c81345/resourceGroups/AKS-Ubuntu/providers"
    offer, _, version = str(properties["nodeImageVersion"]).partition("-")
    return {"id": f"{gallery}/Microsoft.Compute/galleries/{offer}/images/{properties['osSKU']}/versions/{version}"}


def _add_machines(cloud: Cloud, group: NodeGroup, pool: Resource, of: tuple[str, Document], addresses: int) -> None:
    properties, (scale_set, sku) = pool.body["properties"], of
    new = [
        instance
        for instance in instances_of(pool)
        if cloud.store.get(f"{scale_set}/virtualMachines/{instance}") is None
    ]
    if not new:
        return
    subnet = subnet_of(group, pool)
    taken = set(addresses_in_subnet(cloud, subnet))
    free = (address for address in addresses_of(find_subnet(cloud, subnet), RESERVED_IN_SUBNET) if address not in taken)
    zones = properties.get("availabilityZones") or ()
    for instance in new:
        identity = f"{scale_set}/virtualMachines/{instance}"
        zone = [zones[instance % len(zones)]] if zones else []
        host = group.node_name(pool.name, properties["osType"], instance)
        disk = _disk(cloud, group, pool, identity, zone) if properties["osDiskType"] != "Ephemeral" else None
        nic = node_interface(cloud, group, identity, list(islice(free, addresses)))
        for body in (disk, nic):
            if body is not None:
                put_once(cloud, body)
        machine = _machine(cloud, group, pool, identity, (host, nic["id"], disk))
        machine.update(sku={"name": sku["name"], "tier": "Standard"}, instanceId=str(instance), resources=[])
        if zone:
            machine["zones"] = zone
        cloud.store.put(Resource(identity, MACHINE, machine, cloud.now(), {POWER: "running"}))


def _machine(
    cloud: Cloud, group: NodeGroup, pool: Resource, identity: str, has: tuple[str, str, Document | None]
) -> Document:
    properties = pool.body["properties"]
    host, nic, disk = has
    scale_set, instance = identity.split("/")[-3], identity.rsplit("/", maxsplit=1)[-1]
    os_disk = _os_disk(properties)
    if disk is not None:
        os_disk["name"] = disk["name"]
        os_disk["managedDisk"] = {"storageAccountType": DISK_SKU["name"], "id": disk["id"]}
    shown: Document = {
        "latestModelApplied": True,
        "vmId": cloud.guid(),
        "hardwareProfile": {},
        "storageProfile": {"imageReference": _image_of(pool, int(instance)), "osDisk": os_disk, "dataDisks": []},
        "osProfile": {"computerName": host, "adminUsername": "azureuser", "allowExtensionOperations": True},
        "networkProfile": {"networkInterfaces": [reference(nic)]},
        "timeCreated": cloud.now().isoformat(),
    }
    body = resource(identity, MACHINE, group.location, shown)
    return {**body, "name": f"{scale_set}_{instance}"}


def _disk(cloud: Cloud, group: NodeGroup, pool: Resource, machine: str, zones: list[str]) -> Document:
    properties = pool.body["properties"]
    name, instance = machine.split("/")[-3], machine.rsplit("/", maxsplit=1)[-1]
    unique = cloud.guid()
    digest = hashlib.sha256(unique.encode()).hexdigest()[:32]
    gigabytes = properties["osDiskSizeGB"]
    shown = {
        "osType": properties["osType"],
        "hyperVGeneration": "V2",
        "creationData": {"createOption": "FromImage", "imageReference": _image(properties)},
        "diskSizeGB": gigabytes,
        "diskSizeBytes": gigabytes * 1024**3,
        "diskState": "Attached",
        "timeCreated": cloud.now().isoformat(),
        "uniqueId": unique,
    }
    identity = group.resource_id(DISK, f"{name}_{name}_{instance}_OsDisk_1_{digest}")
    body = resource(identity, DISK, group.location, shown, sku=dict(DISK_SKU), zones=zones)
    return {**body, "managedBy": machine}


def _remove_machine(cloud: Cloud, machine: Resource) -> None:
    disk = _disk_of(machine)
    for nic in cloud.store.of_type(SCALE_SET_NIC, under=machine.id):
        cloud.store.remove(nic.id)
    if disk is not None:
        cloud.store.remove(disk)
    for data_disk in section(machine.body, "properties", "storageProfile").get("dataDisks") or ():
        _detach(cloud, data_disk["managedDisk"]["id"])
    cloud.store.remove(machine.id)


def _detach(cloud: Cloud, identity: str) -> None:
    """Let a disk go whose machine goes: it is its owner's, and stays."""
    disk = cloud.store.get(identity)
    if disk is not None:
        disk.body.pop("managedBy", None)
        disk.body["properties"] = {**disk.body["properties"], "diskState": "Unattached"}
        cloud.store.touch(disk)


def remove_scale_set(cloud: Cloud, cluster: Resource, pool: Resource) -> None:
    """Take the scale set of a pool out, with its machines and what they have."""
    group = node_group_of(cluster)
    identity = group.resource_id(SCALE_SET, group.scale_set_name(pool.name, pool.body["properties"]["osType"]))
    for machine in cloud.store.of_type(MACHINE, under=identity):
        _remove_machine(cloud, machine)
    cloud.store.remove(identity)


def set_power(
    cloud: Cloud, cluster: Resource, pools: Sequence[Resource], power: str, *, numbers: Collection[str] | None = None
) -> None:
    """Let all machines of these pools be `running` or `deallocated`; their disks stay, reserved or attached.

    `numbers`: of these machines alone.
    """
    group = node_group_of(cluster)
    for pool in pools:
        name = group.scale_set_name(pool.name, pool.body["properties"]["osType"])
        for machine in cloud.store.of_type(MACHINE, under=group.resource_id(SCALE_SET, name)):
            if numbers is not None and machine.id.rsplit("/", 1)[1] not in numbers:
                continue
            machine.internal[POWER] = power
            cloud.store.touch(machine)
            disk = cloud.store.get(_disk_of(machine) or "/")
            if disk is not None:
                disk.body["properties"]["diskState"] = "Attached" if power == "running" else "Reserved"
                cloud.store.touch(disk)


def _disk_of(machine: Resource) -> str | None:
    return section(machine.body, "properties", "storageProfile", "osDisk", "managedDisk").get("id")


def address_of(cloud: Cloud, scale_set: str, instance: int) -> str | None:
    """The private address of a machine; none where it has no NIC."""
    name = scale_set.rsplit("/", 1)[1]
    nic = cloud.store.get(f"{scale_set}/virtualMachines/{instance}/networkInterfaces/{name}")
    if nic is None:
        return None
    address = nic.body["properties"]["ipConfigurations"][0]["properties"].get("privateIPAddress")
    return str(address) if address is not None else None
