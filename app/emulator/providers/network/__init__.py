"""Microsoft.Network: networks, security groups, route tables, load balancers and addresses."""

from app.emulator.core.network_documents import NETWORK
from app.emulator.core.registry import Provider, ResourceType
from app.emulator.providers.network import (
    interfaces,
    load_balancers,
    prefixes,
    public_ips,
    route_tables,
    security_groups,
    usages,
    virtual_networks,
)
from app.emulator.providers.network.names import API_VERSIONS, TYPES
from app.emulator.providers.network.operations import Operations
from app.emulator.providers.network.reads import Reads
from app.emulator.providers.network.references import ReferenceIndex
from app.emulator.providers.network.scale_set_interfaces import ScaleSetInterfaces
from app.emulator.providers.network.writes import Writes


def provider() -> Provider:
    """The provider, ready to be joined."""
    index = ReferenceIndex()
    modules = (
        virtual_networks,
        security_groups,
        route_tables,
        interfaces,
        load_balancers,
        public_ips,
        prefixes,
    )
    kinds = {kind.name.type: kind for kind in (module.kind() for module in modules)}
    operations = Operations(kinds, index)
    routes = [*usages.routes(), *public_ips.routes(), *operations.routes(), *ScaleSetInterfaces(index).routes()]
    for resource_type, kind in kinds.items():
        routes += [*Reads(TYPES[resource_type], index).routes(), *Writes(kind, index).routes()]
    shown = [name.collection for name in TYPES.values()]
    shown += [f"{name.collection}/{part.kind}" for name in TYPES.values() for part in name.parts if part.writable]
    shown += ["locations/usages", "locations/operations", "locations/operationResults"]
    shown.append("locations/CheckDnsNameAvailability")
    return Provider(
        namespace=NETWORK,
        resource_types=[ResourceType(kind, API_VERSIONS) for kind in shown],
        routes=routes,
        transitions=operations.transitions(),
        removers={load_balancers.kind().name.type: operations.remove},
        guards=dict.fromkeys(kinds, operations.guard),
    )
