"""What AKS does to a cluster by itself: upgrades by its channels, at once or in the next maintenance window."""

import json
import uuid
from datetime import datetime, timedelta

from app.emulator.core.acts import InvalidActError
from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, arm_time, section
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.fault_injection import carry_out
from app.emulator.core.store import Resource
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice.maintenance import CLUSTER_UPGRADES, NODE_UPGRADES, configurations_of
from app.emulator.providers.containerservice.managed_clusters import ManagedClusters
from app.emulator.providers.containerservice.names import CLUSTER_TYPE
from app.emulator.providers.containerservice.node_images import latest_image
from app.emulator.providers.containerservice.nodes import pools_of
from app.emulator.providers.containerservice.pool_actions import begin_image_upgrade
from app.emulator.providers.containerservice.versions import offer_of
from app.emulator.providers.containerservice.windows import next_opening

KUBERNETES, NODE_IMAGE = "kubernetes", "node-image"
_PRINCIPAL = "7319c514-987d-4e9b-ac3d-d38c4f427f4c"
"""The application `Azure Kubernetes Service`."""
_LOOKS = timedelta(minutes=15)
"""So often AKS looks for a newer node image in a window that is open, in Azure's time. The pace is ours."""


class AutoUpgrades:
    """Begins what AKS's own upgrader would."""

    def __init__(self, host: ClusterHost) -> None:
        """`host` runs the Kubernetes APIs."""
        self._host = host
        self._clusters = ManagedClusters(host)

    async def act(self, cloud: Cloud, document: Document) -> Document:
        """`{"cluster": ARM id, "kind": "kubernetes" | "node-image", "in_window": true}`: what is upgraded, and when."""
        cluster = cloud.store.get(str(document.get("cluster") or "/"))
        kind = document.get("kind", KUBERNETES)
        if cluster is None or cluster.type != CLUSTER_TYPE:
            raise InvalidActError("'cluster' must be the ARM id of a cluster that is there")
        if kind not in {KUBERNETES, NODE_IMAGE}:
            raise InvalidActError(f"'kind' must be {KUBERNETES} or {NODE_IMAGE}")
        goal = target_of(cloud, cluster, kind)
        if not document.get("in_window"):
            await self._begin(cloud, cluster.key, kind)
            return {"to": goal, "at": arm_time(cloud.now())}
        window = _window(cloud, cluster, kind)
        try:
            opening = next_opening(window, cloud.now())
        except ValueError as error:
            raise InvalidActError(str(error)) from error
        # Days of waiting pass as fast as all else.
        at = cloud.now() + (opening - cloud.now()) / cloud.speed
        length = timedelta(hours=window["durationHours"]) if kind == NODE_IMAGE else timedelta()
        self._plan(cloud, cluster.key, kind, at, closes=at + length / cloud.speed)
        return {"to": goal, "at": arm_time(at), "window": arm_time(opening)}

    def _plan(self, cloud: Cloud, key: str, kind: str, at: datetime, *, closes: datetime) -> None:
        """Begin at `at`, and look again until the window closes.

        An image that comes out meanwhile is applied in the same window (MicrosoftDocs/azure-aks-docs#278).
        """

        async def due(at: datetime) -> None:
            await self._begin(cloud, key, kind)
            again = at + _LOOKS / cloud.speed
            if again < closes:
                self._plan(cloud, key, kind, again, closes=closes)

        cloud.plan(("auto-upgrade", key, kind), at, due)

    async def _begin(self, cloud: Cloud, key: str, kind: str) -> None:
        cluster = cloud.store.get(key)
        if cluster is None:
            return
        try:
            if kind == KUBERNETES:
                await self._upgrade(cloud, cluster, target_of(cloud, cluster, kind))
            else:
                for pool in pools_of(cloud, cluster):
                    if pool.body["properties"]["nodeImageVersion"] != latest_image(cloud, pool.body["properties"]):
                        call = _call(cloud, pool.id, "POST", "AgentPools_UpgradeNodeImageVersion", None)
                        await self._through_faults(cloud, call, cluster, pool)
        except (AzureError, InvalidActError):
            # What AKS cannot do now it does not do; nobody is told.
            return

    async def _upgrade(self, cloud: Cloud, cluster: Resource, version: str) -> None:
        pools = [{"name": pool.name, "orchestratorVersion": version} for pool in pools_of(cloud, cluster)]
        properties = {"kubernetesVersion": version, "agentPoolProfiles": pools}
        body = {"location": cluster.body["location"], "tags": cluster.body.get("tags"), "properties": properties}
        call = _call(cloud, cluster.id, "PUT", "ManagedClusters_CreateOrUpdate", body)
        await self._through_faults(cloud, call, cluster, None)

    async def _through_faults(self, cloud: Cloud, call: Call, cluster: Resource, pool: Resource | None) -> None:
        async def proceed(call: Call) -> Answer:
            if pool is None:
                return await self._clusters.put(cloud, call)
            begin_image_upgrade(self._host, cloud, call, cluster, pool)
            return Answer(202)

        fault = cloud.faults.draw(call)
        await (proceed(call) if fault is None else carry_out(fault, cloud, call, proceed))


def target_of(cloud: Cloud, cluster: Resource, kind: str) -> str:
    """Where the cluster's channel leads it. Raises `InvalidActError` where it leads nowhere."""
    profile, current = section(cluster.body, "properties", "autoUpgradeProfile"), _current(cluster)
    if kind == NODE_IMAGE:
        if profile.get("nodeOSUpgradeChannel", "NodeImage") not in {"NodeImage", "SecurityPatch"}:
            raise InvalidActError("the channel of this cluster's node images is off")
        return ", ".join(sorted({latest_image(cloud, pool.body["properties"]) for pool in pools_of(cloud, cluster)}))
    channel = profile.get("upgradeChannel", "none")
    minor = current.rpartition(".")[0]
    offer = offer_of(cloud)
    general = offer.general
    allowed = {
        "patch": [minor],
        "stable": general[general.index(offer.default) :],
        "rapid": general,
    }.get(channel, [])
    ways = [version for version in offer.upgrades_from(current) if version.rpartition(".")[0] in allowed]
    if not ways:
        raise InvalidActError(f"the channel '{channel}' leads nowhere from {current}")
    return ways[-1]


def _current(cluster: Resource) -> str:
    return str(cluster.body["properties"]["currentKubernetesVersion"])


def _window(cloud: Cloud, cluster: Resource, kind: str) -> Document:
    wanted = CLUSTER_UPGRADES if kind == KUBERNETES else NODE_UPGRADES
    for configuration in configurations_of(cloud, cluster):
        if configuration.name.lower() == wanted:
            return section(configuration.body, "properties", "maintenanceWindow")
    raise InvalidActError(f"the cluster has no maintenance configuration '{wanted}'")


def _call(cloud: Cloud, path: str, method: str, operation: str, body: Document | None) -> Call:
    names = path.split("/")
    parameters = {"subscription": names[2], "group": names[4], "cluster": names[8]}
    return Call(
        method=method,
        path=path,
        query={"api-version": "2026-08-01"},
        headers={},
        raw_body=json.dumps(body).encode() if body is not None else b"",
        base_url="https://management.azure.com",
        received=cloud.now(),
        request_id=str(uuid.uuid4()),
        operation=operation,
        parameters=parameters,
        principal=_PRINCIPAL,
        inside=True,
    )
