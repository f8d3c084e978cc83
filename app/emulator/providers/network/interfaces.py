"""Network interfaces of a user's own; those of scale sets are made with their machines."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.network_documents import LOAD_BALANCER, NETWORK_INTERFACE, SECURITY_GROUP
from app.emulator.core.store import Resource
from app.emulator.providers.network.drafts import Draft, Kind, target_of
from app.emulator.providers.network.errors import bad, invalid_format
from app.emulator.providers.network.load_balancers import check_public_ip
from app.emulator.providers.network.names import TYPES
from app.emulator.providers.network.private_addresses import PrivateAddresses, find_before
from app.emulator.providers.network.public_ips import give_dynamic_address
from app.emulator.providers.network.references import References

_MEMBERSHIPS = {
    "loadBalancerBackendAddressPools": "backendAddressPools",
    "loadBalancerInboundNatRules": "inboundNatRules",
}


def kind() -> Kind:
    """How NICs are made."""
    return Kind(TYPES[NETWORK_INTERFACE], _build, _check_removal, reserve=_reserve, retry_after=None, seconds=0)


def _build(draft: Draft) -> Document:
    asked = draft.asked
    configurations = draft.parts("ipConfigurations")
    if not configurations:
        raise bad("NetworkInterfaceMustHaveAtLeastOneIpConfiguration", f"{draft.id} needs an IP configuration.")
    private = PrivateAddresses(draft)
    public: set[str] = set()
    for position, configuration in enumerate(configurations):
        properties = configuration["properties"]
        if not properties.get("subnet"):
            raise invalid_format(f"IP configuration {configuration['name']} needs a subnet")
        properties["primary"] = position == 0
        private.settle(configuration, find_before(draft, "ipConfigurations", configuration["name"]))
        address = target_of(properties, "publicIPAddress")
        if address is not None:
            found = check_public_ip(draft, address, configuration["id"])
            if found.key in public:
                raise bad(
                    "PublicIPReferencedByMultipleIPConfigs",
                    f"Public ip address {found.id} is referenced by multiple ipconfigs in resource {draft.id}.",
                )
            public.add(found.key)
            properties["publicIPAddress"] = {"id": found.id}
        for field, part_kind in _MEMBERSHIPS.items():
            if properties.get(field):
                targets = [target_of({field: entry}, field) or "" for entry in properties[field]]
                found_parts = [
                    draft.require_part(target, configuration["id"], LOAD_BALANCER, part_kind)[1] for target in targets
                ]
                properties[field] = [{"id": part["id"]} for part in found_parts]
    properties = {
        "ipConfigurations": configurations,
        "dnsSettings": asked.get("dnsSettings") or {"dnsServers": [], "appliedDnsServers": []},
        "enableAcceleratedNetworking": bool(asked.get("enableAcceleratedNetworking")),
        "enableIPForwarding": bool(asked.get("enableIPForwarding")),
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "nicType": "Standard",
    }
    group = target_of(asked, "networkSecurityGroup")
    if group is not None:
        properties["networkSecurityGroup"] = {"id": draft.require(group, draft.id, SECURITY_GROUP).id}
    return draft.body(properties)


def _reserve(cloud: Cloud, nic: Resource, _draft: Draft) -> None:
    for configuration in nic.body["properties"]["ipConfigurations"]:
        address = cloud.store.get(target_of(configuration["properties"], "publicIPAddress") or "")
        if address is not None:
            give_dynamic_address(cloud, address)


def _check_removal(nic: Resource, _references: References) -> None:
    machine = target_of(nic.body["properties"], "virtualMachine")
    if machine is not None:
        raise bad(
            "NicInUse", f"Network Interface {nic.id} is used by existing resource {machine}. In order to delete the "
            "network interface, it must be dissociated from the resource.",
        )  # fmt: skip
