"""The NIC of a pool's machine, with its addresses."""

from collections.abc import Sequence

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.network_documents import SCALE_SET_NIC, part, reference, resource
from app.emulator.providers.containerservice.node_resource_group import NodeGroup

_POOLS = "loadBalancerBackendAddressPools"


def node_interface(cloud: Cloud, group: NodeGroup, machine: str, addresses: Sequence[str]) -> Document:
    """The NIC of the machine with this id. The first address is the node's, the others are its pods'."""
    scale_set, name = cloud.store.get(machine.split("/virtualMachines/", maxsplit=1)[0]), machine.split("/")[-3]
    profile = section(scale_set.body if scale_set else {}, "properties", "virtualMachineProfile", "networkProfile")
    model: Document = profile["networkInterfaceConfigurations"][0]["properties"]
    identity = f"{machine}/networkInterfaces/{name}"
    shown: Document = {
        "resourceGuid": cloud.guid(),
        "ipConfigurations": _configurations(identity, model["ipConfigurations"][0]["properties"], addresses),
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
        "enableAcceleratedNetworking": model["enableAcceleratedNetworking"],
        "enableIPForwarding": model["enableIPForwarding"],
        "primary": True,
        "virtualMachine": reference(machine),
    }
    if "networkSecurityGroup" in model:
        shown["networkSecurityGroup"] = dict(model["networkSecurityGroup"])
    return resource(identity, SCALE_SET_NIC, group.location, shown)


def _configurations(identity: str, model: Document, addresses: Sequence[str]) -> list[Document]:
    found = []
    for number, address in enumerate(addresses or [""], 1):
        asked: Document = {**model, "primary": number == 1, "privateIPAllocationMethod": "Dynamic"}
        if address:
            asked["privateIPAddress"] = address
        if number > 1:
            # Only the node itself stands behind the balancer.
            asked.pop(_POOLS, None)
        kind = "Microsoft.Network/networkInterfaces"
        found.append(part(identity, kind, "ipConfigurations", f"ipconfig{number}", asked))
    return found
