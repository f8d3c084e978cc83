"""What AKS does to the load balancer `kubernetes` for a cluster's outbound profile."""

import hashlib

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.network_addresses import free_address
from app.emulator.core.network_documents import LOAD_BALANCER, frontend, part_id, public_ip, reference
from app.emulator.core.network_limits import check_public_ip_quota
from app.emulator.core.paths import key_of, split_path
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice.load_balancer_profile import own_ids, prefix_ids
from app.emulator.providers.containerservice.node_resource_group import NodeGroup, node_group_of, put_once

_RULE = "aksOutboundRule"
_USUAL_IDLE = 30
MANAGED_TAGS = {"aks-managed-type": "aks-slb-managed-outbound-ip"}


def apply_outbound(cloud: Cloud, cluster: Resource) -> None:
    """Make balancer and addresses what the profile says, and show the effective addresses; Services' parts stay."""
    network = cluster.body["properties"]["networkProfile"]
    balancer = cloud.store.get(node_group_of(cluster).resource_id(LOAD_BALANCER, "kubernetes"))
    if str(network.get("outboundType")).lower() != "loadbalancer" or balancer is None:
        return
    profile = section(network, "loadBalancerProfile")
    wanted = prefix_ids(profile) or own_ids(profile) or _managed(cloud, cluster, balancer)
    rule = next(each for each in balancer.body["properties"]["outboundRules"] if each["name"] == _RULE)
    gone = _set_frontends(balancer, rule, wanted, prefixes=bool(prefix_ids(profile)))
    rule["properties"]["allocatedOutboundPorts"] = profile.get("allocatedOutboundPorts") or 0
    rule["properties"]["idleTimeoutInMinutes"] = profile.get("idleTimeoutInMinutes") or _USUAL_IDLE
    cloud.store.touch(balancer)
    for address in gone:
        # What AKS made goes with its use; an own address stays, and is free.
        known = cloud.store.get(address)
        if known is not None and MANAGED_TAGS.items() <= section(known.body, "tags").items():
            cloud.store.remove(address)
    profile["effectiveOutboundIPs"] = [reference(each) for each in wanted]
    network["loadBalancerProfile"] = profile


def _managed(cloud: Cloud, cluster: Resource, balancer: Resource) -> list[str]:
    """The managed addresses, made where they lack: those that are there first, so that they stay."""
    group = node_group_of(cluster)
    profile = section(cluster.body, "properties", "networkProfile", "loadBalancerProfile")
    count = int(section(profile, "managedOutboundIPs").get("count") or 1)
    known = [
        address
        for each in balancer.body["properties"]["frontendIPConfigurations"]
        if (address := section(each, "properties", "publicIPAddress").get("id"))
        and (found := cloud.store.get(address)) is not None
        and MANAGED_TAGS.items() <= section(found.body, "tags").items()
    ]
    taken = {key_of(address) for address in known}
    number = 0
    while len(known) < count:
        candidate = group.outbound_ip_id if number == 0 else _id_of(group, number)
        number += 1
        if key_of(candidate) not in taken:
            check_public_ip_quota(cloud, group.subscription, group.location)
            guid = cloud.guid()
            address = free_address(cloud, guid=guid)
            put_once(cloud, public_ip(candidate, group.location, guid=guid, address=address, tags=MANAGED_TAGS))
            known.append(candidate)
    return known[:count]


def _id_of(group: NodeGroup, number: int) -> str:
    """The id of a further managed address: a GUID, as AKS names them, and the same each time."""
    digest = hashlib.sha256(f"ip{number}{group.cluster_id.lower()}".encode()).hexdigest()
    name = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-9{digest[17:20]}-{digest[20:32]}"
    return group.resource_id("Microsoft.Network/publicIPAddresses", name)


def _set_frontends(balancer: Resource, rule: Document, wanted: list[str], *, prefixes: bool) -> list[str]:
    """Let the outbound rule have a frontend for each address; return the addresses that no frontend has any more."""
    properties = balancer.body["properties"]
    named = {key_of(each["id"]) for each in rule["properties"]["frontendIPConfigurations"]}
    serving = {key_of(each["properties"]["frontendIPConfiguration"]["id"]) for each in properties["loadBalancingRules"]}
    by_name = {split_path(address)[-1]: address for address in wanted}
    stays = [
        each
        for each in properties["frontendIPConfigurations"]
        if key_of(each["id"]) not in named or key_of(each["id"]) in serving or each["name"] in by_name
    ]
    gone = [_address_of(each) for each in properties["frontendIPConfigurations"] if each not in stays]
    known = {each["name"] for each in stays}
    for name, address in by_name.items():
        if name not in known:
            made = frontend(balancer.id, name, public_ip_id=None if prefixes else address)
            if prefixes:
                made["properties"]["publicIPPrefix"] = reference(address)
            stays.append(made)
    properties["frontendIPConfigurations"] = stays
    rule["properties"]["frontendIPConfigurations"] = [
        reference(part_id(balancer.id, "frontendIPConfigurations", name)) for name in by_name
    ]
    return [address for address in gone if address]


def _address_of(configuration: Document) -> str:
    return str(section(configuration, "properties", "publicIPAddress").get("id") or "")
