"""A cluster's agent pools as one request to the cluster, or to a pool, makes and changes them."""

from collections.abc import Iterable

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone, section
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice import pool_documents
from app.emulator.providers.containerservice.access import cores_of_pool
from app.emulator.providers.containerservice.errors import flat, invalid_parameter
from app.emulator.providers.containerservice.names import POOL_TYPE, pool_id
from app.emulator.providers.containerservice.node_images import latest_image
from app.emulator.providers.containerservice.nodes import pools_of
from app.emulator.providers.containerservice.snapshots import image_of
from app.emulator.providers.containerservice.transitions import set_state
from app.emulator.providers.containerservice.versions import Offer, offer_of

_WINDOWS: Document = {"adminUsername": "azureuser", "enableCSIProxy": True}


def _profiles(document: Document) -> list[tuple[object, Document]]:
    profiles = (document.get("properties") or {}).get("agentPoolProfiles") or []
    if not isinstance(profiles, list) or not all(isinstance(entry, dict) for entry in profiles):
        raise invalid_parameter("agentPoolProfiles", "a list of agent pools was expected")
    return [pool_documents.split_profile(entry) for entry in profiles]


def new_pools(body: Document, document: Document, offer: Offer) -> dict[str, Document]:
    """The pools of a new cluster, by name. Raises AKS's refusals."""
    properties = body["properties"]
    pools: dict[str, Document] = {}
    for name, asked in _profiles(document):
        if name in pools:
            raise invalid_parameter("agentPoolProfiles.name", f"the name '{name}' is used twice")
        mode = asked.get("mode") or ("User" if pools else "System")
        pools[str(name)] = pool_documents.new_pool(
            name,
            {**asked, "mode": mode},
            location=body["location"],
            cluster=properties,
            offer=offer,
        )
    if not any(pool["mode"] == "System" for pool in pools.values()):
        raise invalid_parameter("agentPoolProfiles", "there must be at least one system agent pool")
    return pools


def check_windows(body: Document, pools: Iterable[Document]) -> None:
    """Windows nodes need Azure's network plugin, and an administrator, whose name and password AKS draws if need be."""
    if not any(pool["osType"] == "Windows" for pool in pools):
        return
    profile = section(body, "properties", "windowsProfile")
    body["properties"]["windowsProfile"] = {**_WINDOWS, **profile}
    if body["properties"]["networkProfile"].get("networkPlugin") != "azure":
        raise flat(
            400,
            "AzureCNIOnlyForWindows",
            "Windows agent pools can only be added to AKS clusters using Azure-CNI.",
        )


def changed_pools(
    cloud: Cloud, cluster: Resource, document: Document, control_plane: str
) -> list[tuple[Resource, Document]]:
    """What a request to the cluster makes of its pools; pools are added and removed elsewhere."""
    known = {pool.name: pool for pool in pools_of(cloud, cluster)}
    asked = _profiles(document)
    if asked and {str(name) for name, _ in asked} != set(known):
        raise flat(
            400,
            "OperationNotAllowed",
            "Node pool update via managed cluster not allowed: agent pools are added and removed by their own "
            "requests.",
        )
    location, offer = cluster.body["location"], offer_of(cloud)
    return [
        (
            known[str(name)],
            pool_documents.changed_pool(
                known[str(name)].body["properties"],
                properties,
                location=location,
                control_plane=control_plane,
                offer=offer,
            ),
        )
        for name, properties in asked
    ]


def all_pools(cloud: Cloud, cluster: Resource, changed: Iterable[tuple[Resource, Document]]) -> list[Document]:
    """The pools of a cluster, with these as they shall be."""
    pools = {pool.key: pool.body["properties"] for pool in pools_of(cloud, cluster)}
    return list({**pools, **{pool.key: properties for pool, properties in changed}}.values())


def cores_of(pools: Iterable[Document]) -> dict[str, int]:
    """Cores by quota family."""
    cores: dict[str, int] = {}
    for properties in pools:
        for family, number in cores_of_pool(properties).items():
            cores[family] = cores.get(family, 0) + number
    return cores


def add_pool(cloud: Cloud, cluster: Resource, name: str, properties: Document) -> Resource:
    """Keep a new pool; its nodes come with the end of the operation."""
    resource_id = pool_id(cluster.id, name)
    body = {
        "id": resource_id,
        "name": name,
        "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "properties": properties,
    }
    pool = Resource(resource_id, POOL_TYPE, body, cloud.now())
    properties["nodeImageVersion"] = image_of(cloud, properties) or latest_image(cloud, properties)
    pool.internal["wanted_version"] = properties["currentOrchestratorVersion"]
    return cloud.store.put(pool)


def change_pool(cloud: Cloud, pool: Resource, properties: Document, state: str) -> None:
    """Keep what a pool shall be; the version that its nodes run changes with the operation's end."""
    pool.internal["wanted_version"] = properties["currentOrchestratorVersion"]
    running = pool.body["properties"]["currentOrchestratorVersion"]
    pool.body["properties"] = {**clone(properties), "currentOrchestratorVersion": running}
    set_state(cloud, pool, state)
