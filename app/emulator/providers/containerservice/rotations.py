"""New keys of a cluster: its certificates, its service principal, its Entra applications."""

from typing import Any

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document, overlay, said
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.links import status_headers
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Route, Transition
from app.emulator.core.store import Resource
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice import access
from app.emulator.providers.containerservice.errors import flat, invalid_parameter
from app.emulator.providers.containerservice.names import CLUSTER, NAMESPACE
from app.emulator.providers.containerservice.nodes import cluster_spec, pools_of
from app.emulator.providers.containerservice.shapes import check_shape
from app.emulator.providers.containerservice.transitions import set_state

ROTATE_SECONDS = 600
RESET_SECONDS = 180
_DOWN, _UP = "api-down", "api-up"


class Rotations:
    """The operations of this file, and what their ends do."""

    def __init__(self, host: ClusterHost) -> None:
        """`host` runs the Kubernetes APIs."""
        self._host = host

    def routes(self) -> list[Route]:
        """The operations of this file."""

        def route(action: str, operation: str, handler: Any) -> Route:
            return Route("POST", f"{CLUSTER}/{action}", f"ManagedClusters_{operation}", handler, NAMESPACE, 1)

        return [
            route("rotateClusterCertificates", "RotateClusterCertificates", self._rotate),
            route("resetServicePrincipalProfile", "ResetServicePrincipalProfile", self._reset_principal),
            route("resetAADProfile", "ResetAADProfile", self._reset_entra),
        ]

    def transitions(self) -> dict[str, Transition]:
        """By the name that plans refer to."""
        return {
            "cluster.rotate": Transition(self._rotated, self._failed, self._canceled, self._reached),
            "cluster.reset": Transition(self._reset, self._failed, self._canceled),
        }

    async def _rotate(self, cloud: Cloud, call: Call) -> Answer:
        cluster = _ready(cloud, call)
        # The API does not answer while its certificates are changed; AKS speaks of up to 30 minutes.
        words = ((0.2, "InProgress", _DOWN), (0.7, "InProgress", _UP))
        plan = Plan("cluster.rotate", cluster.id, cluster.body["location"], ROTATE_SECONDS, words)
        return self._begin(cloud, call, cluster, plan)

    async def _reset_principal(self, cloud: Cloud, call: Call) -> Answer:
        cluster = _ready(cloud, call)
        document = call.document()
        check_shape(document, {"clientId": str, "secret": str})
        if cluster.body["properties"]["servicePrincipalProfile"].get("clientId") == "msi":
            raise flat(
                400,
                "BadRequest",
                "Resetting the service principal profile is not allowed for a managed cluster that uses a managed "
                "identity.",
            )
        if not document.get("clientId") or not document.get("secret"):
            raise invalid_parameter("servicePrincipalProfile", "clientId and secret are required")
        # The secret is looked at by Entra, and kept nowhere here.
        profile = {"servicePrincipalProfile": {"clientId": document["clientId"]}}
        return self._begin(cloud, call, cluster, _reset_plan(cluster), profile)

    async def _reset_entra(self, cloud: Cloud, call: Call) -> Answer:
        cluster = _ready(cloud, call)
        document = call.document()
        check_shape(document, {"managed": bool, "tenantID": str, "adminGroupObjectIDs": [str], "enableAzureRBAC": bool})
        known = cluster.body["properties"].get("aadProfile")
        if not known:
            raise flat(400, "BadRequest", "The managed cluster has no aadProfile that could be reset.")
        asked = said(document, but=("serverAppSecret",))
        profile = {"aadProfile": overlay(known, asked)}
        return self._begin(cloud, call, cluster, _reset_plan(cluster), profile)

    def _begin(
        self, cloud: Cloud, call: Call, cluster: Resource, plan: Plan, profile: Document | None = None
    ) -> Answer:
        state = "RotatingClusterCertificates" if plan.transition == "cluster.rotate" else "Updating"
        for target in (cluster, *pools_of(cloud, cluster)):
            set_state(cloud, target, state)
        operation = cloud.begin(call, plan, arguments={"profile": profile or {}})
        call.effect = "updated"
        headers = status_headers(call, operation, namespace=NAMESPACE, location=True)
        return Answer(202, headers=headers, content_type=None)

    async def _reached(self, cloud: Cloud, operation: Operation, effect: str) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is None or not cluster.internal.get("api") or operation.failure is not None:
            return
        if effect == _DOWN:
            await self._host.stop(cluster.key)
            return
        await self._host.rotate(cluster.key)
        await self._host.start(cluster_spec(cluster))

    async def _rotated(self, cloud: Cloud, operation: Operation) -> None:
        await self._end(cloud, operation, "Succeeded")

    async def _reset(self, cloud: Cloud, operation: Operation) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is not None:
            cluster.body["properties"].update(operation.arguments["profile"])
        await self._end(cloud, operation, "Succeeded")

    async def _failed(self, cloud: Cloud, operation: Operation) -> None:
        await self._end(cloud, operation, "Failed")

    async def _canceled(self, cloud: Cloud, operation: Operation) -> None:
        await self._end(cloud, operation, "Canceled")

    async def _end(self, cloud: Cloud, operation: Operation, state: str) -> None:
        cluster = cloud.store.get(operation.target)
        if cluster is None:
            return
        if cluster.internal.get("api"):
            await self._host.start(cluster_spec(cluster))
        for target in (cluster, *pools_of(cloud, cluster)):
            set_state(cloud, target, state)


def _reset_plan(cluster: Resource) -> Plan:
    return Plan("cluster.reset", cluster.id, cluster.body["location"], RESET_SECONDS)


def _ready(cloud: Cloud, call: Call) -> Resource:
    """The cluster, where it is neither busy nor stopped."""
    require_group(cloud, call, for_change=True)
    cluster = access.require_cluster(cloud, call)
    access.refuse_while_busy(cloud, cluster)
    access.refuse_while_stopped(cluster)
    return cluster
