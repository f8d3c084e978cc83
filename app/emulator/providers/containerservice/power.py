"""Stopping a cluster and starting it again."""

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.links import status_headers
from app.emulator.core.registry import Route
from app.emulator.providers.containerservice import access
from app.emulator.providers.containerservice.cluster_pools import cores_of
from app.emulator.providers.containerservice.errors import flat
from app.emulator.providers.containerservice.monitoring.addon import check_addon
from app.emulator.providers.containerservice.names import CLUSTER, NAMESPACE
from app.emulator.providers.containerservice.nodes import pools_of
from app.emulator.providers.containerservice.transitions import set_state

STOP_SECONDS = 150
START_SECONDS = 240


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("POST", f"{CLUSTER}/stop", "ManagedClusters_Stop", _stop, NAMESPACE, 1),
        Route("POST", f"{CLUSTER}/start", "ManagedClusters_Start", _start, NAMESPACE, 1),
    ]


async def _stop(cloud: Cloud, call: Call) -> Answer:
    return _begin(cloud, call, ("cluster.stop", "Stopping", STOP_SECONDS))


async def _start(cloud: Cloud, call: Call) -> Answer:
    return _begin(cloud, call, ("cluster.start", "Starting", START_SECONDS))


def _begin(cloud: Cloud, call: Call, what: tuple[str, str, float]) -> Answer:
    transition, state, seconds = what
    require_group(cloud, call, for_change=True)
    cluster = access.require_cluster(cloud, call)
    access.check_preconditions(call, cluster)
    for running in cloud.operations.running_on(cluster.key):
        if running.transition == transition:
            headers = status_headers(call, running, namespace=NAMESPACE, location=True)
            return Answer(202, headers=headers, content_type=None)
    access.refuse_while_busy(cloud, cluster)
    stopped = cluster.body["properties"]["powerState"]["code"] == "Stopped"
    if transition == "cluster.stop":
        access.refuse_while_stopped(cluster)
    elif not stopped and cluster.body["properties"]["provisioningState"] == "Succeeded":
        raise flat(
            400,
            "OperationNotAllowed",
            "Start operation is not allowed: Managed Cluster is not in stopped state.",
        )
    if transition == "cluster.start":
        check_addon(cloud, cluster.body["properties"])
        cores = cores_of(pool.body["properties"] for pool in pools_of(cloud, cluster))
        access.check_quota(cloud, call.parameter("subscription"), cluster.body["location"], cores)
    for target in (cluster, *pools_of(cloud, cluster)):
        set_state(cloud, target, state)
    operation = cloud.begin(call, Plan(transition, cluster.id, cluster.body["location"], seconds))
    call.effect = "updated"
    headers = status_headers(call, operation, namespace=NAMESPACE, location=True)
    return Answer(202, headers=headers, content_type=None)
