"""The nodes as members of backend pools: their network interfaces name the pool."""

from collections.abc import Iterable

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.network_documents import SCALE_SET_NIC, reference
from app.emulator.core.paths import key_of
from app.emulator.kubernetes.documents import Object

EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
_PROVIDER = "azure://"
_POOLS = "loadBalancerBackendAddressPools"


def machines_of(nodes: Iterable[Object]) -> frozenset[str]:
    """The ids (in lower case) of the machines behind the nodes that load balancers may use."""
    return frozenset(
        key_of(node["spec"]["providerID"].removeprefix(_PROVIDER))
        for node in nodes
        if node.get("spec", {}).get("providerID") and EXCLUDED not in (node["metadata"].get("labels") or {})
    )


def join(cloud: Cloud, group_id: str, pool_id: str, machines: frozenset[str]) -> bool:
    """Let exactly these machines of the node resource group be in a pool; whether that changed anything."""
    changed = False
    for nic in cloud.store.of_type(SCALE_SET_NIC, under=group_id):
        machine = nic.key.rsplit("/networkinterfaces/", 1)[0]
        configurations = nic.body["properties"].get("ipConfigurations") or []
        if configurations and _set(configurations[0]["properties"], pool_id, member=machine in machines):
            cloud.store.touch(nic)
            changed = True
    return changed


def _set(properties: Document, pool_id: str, *, member: bool) -> bool:
    pools = properties.get(_POOLS) or []
    wanted = [pool for pool in pools if key_of(pool["id"]) != key_of(pool_id)]
    if member == (len(wanted) < len(pools)):
        return False
    properties[_POOLS] = [*wanted, reference(pool_id)] if member else wanted
    return True


def leave(cloud: Cloud, group_id: str, balancer_id: str) -> None:
    """Take every machine out of every pool of a load balancer."""
    under = key_of(balancer_id) + "/"
    for nic in cloud.store.of_type(SCALE_SET_NIC, under=group_id):
        for configuration in nic.body["properties"].get("ipConfigurations") or ():
            pools = configuration["properties"].get(_POOLS) or []
            wanted = [pool for pool in pools if not key_of(pool["id"]).startswith(under)]
            if len(wanted) < len(pools):
                configuration["properties"][_POOLS] = wanted
                cloud.store.touch(nic)
