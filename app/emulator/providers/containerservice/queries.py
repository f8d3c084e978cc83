"""What AKS tells about operations, versions and upgrades."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import status_headers
from app.emulator.core.locations import find_location
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Route
from app.emulator.providers.containerservice import access
from app.emulator.providers.containerservice.errors import flat, not_found
from app.emulator.providers.containerservice.names import (
    CLUSTER,
    IN_SUBSCRIPTION,
    JSON,
    NAMESPACE,
    POOL,
)
from app.emulator.providers.containerservice.node_images import latest_image
from app.emulator.providers.containerservice.nodes import pools_of
from app.emulator.providers.containerservice.versions import Offer, may_join, offer_of

_LOCATION = f"{IN_SUBSCRIPTION}/locations/{{location}}"


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("GET", f"{_LOCATION}/operations/{{id}}", "Operations_GetStatus", _status, NAMESPACE, 0.2),
        Route("GET", f"{_LOCATION}/operationresults/{{id}}", "Operations_GetResult", _result, NAMESPACE, 0.2),
        Route(
            "GET",
            f"{_LOCATION}/kubernetesVersions",
            "ManagedClusters_ListKubernetesVersions",
            _versions,
            NAMESPACE,
            0.5,
        ),
        Route(
            "GET",
            f"{CLUSTER}/upgradeProfiles/default",
            "ManagedClusters_GetUpgradeProfile",
            _upgrades,
            NAMESPACE,
            0.5,
        ),
        Route(
            "GET",
            f"{POOL}/upgradeProfiles/default",
            "AgentPools_GetUpgradeProfile",
            _pool_upgrades,
            NAMESPACE,
            0.5,
        ),
        Route(
            "GET",
            f"{CLUSTER}/availableAgentPoolVersions",
            "AgentPools_GetAvailableAgentPoolVersions",
            _pool_versions,
            NAMESPACE,
            0.5,
        ),
    ]


def _operation(cloud: Cloud, call: Call) -> Operation:
    operation = cloud.operations.get(call.parameter("id"))
    if operation is None or operation.subscription.lower() != call.parameter("subscription").lower():
        raise not_found(
            "Operation",
            f"Could not find operation: {call.parameter('id')}.",
            "GetOperation_NotFound",
        )
    return operation


async def _status(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, _operation(cloud, call).document(), content_type=JSON)


async def _result(cloud: Cloud, call: Call) -> Answer:
    operation = _operation(cloud, call)
    if operation.running:
        headers = status_headers(call, operation, namespace=NAMESPACE, location=True)
        return Answer(202, headers={"Location": headers["Location"]}, content_type=None)
    if operation.error is not None:
        raise flat(409, operation.error["code"], operation.error["message"])
    return Answer(204, content_type=None)


async def _versions(cloud: Cloud, call: Call) -> Answer:
    if find_location(call.parameter("location")) is None:
        raise AzureError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{call.parameter('location')}' is not available for resource type "
            "'Microsoft.ContainerService/locations/kubernetesVersions'.",
        )
    return Answer(200, offer_of(cloud).listing(), content_type=JSON)


async def _upgrades(cloud: Cloud, call: Call) -> Answer:
    cluster = access.require_cluster(cloud, call)
    properties = cluster.body["properties"]
    current = properties["currentKubernetesVersion"]
    offer = offer_of(cloud)
    offered = [_offered(offer, version) for version in offer.upgrades_from(current)]
    plane = {"kubernetesVersion": current, "osType": "Linux", "upgrades": offered}
    pools = [
        {
            "name": name,
            "kubernetesVersion": pool["currentOrchestratorVersion"],
            "osType": pool["osType"],
            "upgrades": [
                _offered(offer, version) for version in offer.pool_upgrades(pool["currentOrchestratorVersion"], current)
            ],
        }
        for name, pool in ((one.name, one.body["properties"]) for one in pools_of(cloud, cluster))
    ]
    body = {
        "id": f"{cluster.id}/upgradeprofiles/default",
        "name": "default",
        "type": "Microsoft.ContainerService/managedClusters/upgradeprofiles",
        "properties": {"controlPlaneProfile": plane, "agentPoolProfiles": pools},
    }
    return Answer(200, body, content_type=JSON)


def _offered(offer: Offer, version: str) -> Document:
    return {"kubernetesVersion": version, **({"isPreview": True} if offer.is_preview(version) else {})}


async def _pool_upgrades(cloud: Cloud, call: Call) -> Answer:
    cluster = access.require_parent(cloud, call)
    pool = access.require_pool(cloud, call, cluster)
    properties = pool.body["properties"]
    plane = cluster.body["properties"]["currentKubernetesVersion"]
    offer = offer_of(cloud)
    upgrades = offer.pool_upgrades(properties["currentOrchestratorVersion"], plane)
    body = {
        "id": f"{pool.id}/upgradeProfiles/default",
        "name": "default",
        "type": "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles",
        "properties": {
            "kubernetesVersion": properties["currentOrchestratorVersion"],
            "osType": properties["osType"],
            "latestNodeImageVersion": latest_image(cloud, properties),
            "upgrades": [_offered(offer, version) for version in upgrades],
        },
    }
    return Answer(200, body, content_type=JSON)


async def _pool_versions(cloud: Cloud, call: Call) -> Answer:
    cluster = access.require_cluster(cloud, call)
    plane = cluster.body["properties"]["currentKubernetesVersion"]
    offer = offer_of(cloud)
    versions = [
        {
            "kubernetesVersion": patch,
            "default": minor.name == offer.default and patch == minor.patches[0],
            **({"isPreview": True} if minor.preview else {}),
        }
        for minor in offer.minors
        for patch in minor.patches
        if may_join(patch, plane)
    ]
    body = {
        "id": f"{cluster.id}/availableagentpoolversions",
        "name": "default",
        "type": "Microsoft.ContainerService/managedClusters/availableAgentpoolVersions",
        "properties": {"agentPoolVersions": versions},
    }
    return Answer(200, body, content_type=JSON)
