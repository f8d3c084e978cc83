"""Microsoft.Network: networks, security groups, route tables, load balancers and addresses."""

from app.emulator.core.network_documents import NETWORK
from app.emulator.core.registry import Provider, ResourceType
from app.emulator.providers.network.names import API_VERSIONS, TYPES
from app.emulator.providers.network.reads import Reads
from app.emulator.providers.network.references import ReferenceIndex


def provider() -> Provider:
    """The provider, ready to be joined."""
    index = ReferenceIndex()
    kinds = [name.collection for name in TYPES.values()]
    kinds += [f"{name.collection}/{part.kind}" for name in TYPES.values() for part in name.parts if part.writable]
    return Provider(
        namespace=NETWORK,
        resource_types=[ResourceType(kind, API_VERSIONS) for kind in kinds],
        routes=[route for name in TYPES.values() for route in Reads(name, index).routes()],
    )
