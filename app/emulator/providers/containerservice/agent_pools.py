"""Agent pools: create, change, read, list, delete, abort, upgrade profile."""

from functools import partial

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document, section
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.links import page, status_headers
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice import access, pool_documents, shapes
from app.emulator.providers.containerservice.cluster_pools import add_pool, all_pools, check_windows
from app.emulator.providers.containerservice.errors import busy, flat, invalid_parameter
from app.emulator.providers.containerservice.load_balancer_profile import check_profile
from app.emulator.providers.containerservice.managed_clusters import abort
from app.emulator.providers.containerservice.monitoring.addon import check_addon
from app.emulator.providers.containerservice.names import CLUSTER, JSON, NAMESPACE, POOL, pool_id
from app.emulator.providers.containerservice.nodes import pools_of
from app.emulator.providers.containerservice.pool_changes import (
    apply,
    is_upgrade,
    refuse_unsatisfiable,
    surge_nodes,
    words,
)
from app.emulator.providers.containerservice.roll_plans import removal, spread
from app.emulator.providers.containerservice.shapes import check_shape
from app.emulator.providers.containerservice.snapshots import like_snapshot
from app.emulator.providers.containerservice.subnets import check_subnets
from app.emulator.providers.containerservice.transitions import set_state
from app.emulator.providers.containerservice.versions import offer_of

CREATE_SECONDS = {"Linux": 190, "Windows": 523}
DELETE_SECONDS = 17
STOP_SECONDS, START_SECONDS = 120, 180
LARGEST_NUMBER_OF_POOLS = 100


def routes(host: ClusterHost) -> list[Route]:
    """The operations of this file."""
    return [
        Route("PUT", POOL, "AgentPools_CreateOrUpdate", partial(_put, host), NAMESPACE, 6),
        Route("GET", POOL, "AgentPools_Get", _get, NAMESPACE, 1),
        Route("GET", f"{CLUSTER}/agentPools", "AgentPools_List", _list, NAMESPACE, 1),
        Route("DELETE", POOL, "AgentPools_Delete", _delete, NAMESPACE, 1),
        Route("POST", f"{POOL}/abort", "AgentPools_AbortLatestOperation", _abort, NAMESPACE, 1),
    ]


async def _put(host: ClusterHost, cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call, for_change=True)
    cluster = access.require_parent(cloud, call)
    known = cloud.store.get(pool_id(cluster.id, call.parameter("pool")))
    access.check_preconditions(call, known)
    document = call.document()
    check_shape(document, shapes.POOL_RESOURCE)
    asked = pool_documents.split_resource(document)
    if known is None:
        return _create(cloud, call, cluster, asked)
    return _update(host, cloud, call, cluster, known)


def _create(cloud: Cloud, call: Call, cluster: Resource, asked: Document) -> Answer:
    if cloud.operations.running_on(cluster.key):
        raise busy(cluster.body["properties"]["provisioningState"])
    access.refuse_while_stopped(cluster)
    body = cluster.body
    properties = pool_documents.new_pool(
        call.parameter("pool"),
        like_snapshot(cloud, asked, body["location"]),
        location=body["location"],
        cluster=body["properties"],
        offer=offer_of(cloud),
    )
    check_windows(body, [properties])
    if len(pools_of(cloud, cluster)) >= LARGEST_NUMBER_OF_POOLS:
        raise flat(400, "BadRequest", f"A cluster has at most {LARGEST_NUMBER_OF_POOLS} agent pools.")
    access.check_offer(cloud, body["location"], [properties])
    _check_quota(cloud, call, cluster, properties, properties["count"])
    check_profile(cloud, body, [*all_pools(cloud, cluster, ()), properties])
    check_addon(cloud, body["properties"])
    others = [(other, 0) for other in all_pools(cloud, cluster, ())]
    nodes = properties["count"]
    check_subnets(cloud, body, [*others, (properties, nodes)])
    pool = add_pool(cloud, cluster, call.parameter("pool"), properties)
    steps = (
        (0.04, "CreatingAgentPool", None),
        (0.14, f"CreatingAgentPool: 0/{nodes} nodes completed", None),
        (0.38, f"CreatingAgentPool: 0/{nodes} nodes completed", f"new/{pool.name}/{nodes}"),
        (0.39, f"CreatingAgentPool: {nodes}/{nodes} nodes completed", None),
    )
    seconds = CREATE_SECONDS[properties["osType"]]
    plan = Plan("pool.create", pool.id, body["location"], seconds, steps)
    operation = cloud.begin(call, plan, arguments={"cluster": cluster.id})
    call.effect = "created"
    return _accepted(call, pool, operation, 201)


def _update(host: ClusterHost, cloud: Cloud, call: Call, cluster: Resource, pool: Resource) -> Answer:
    asked = pool_documents.split_resource(call.document())
    access.refuse_while_busy(cloud, cluster, pool)
    access.refuse_while_stopped(cluster)
    before = pool.body["properties"]
    power = section(asked, "powerState").get("code")
    if power not in {None, before["powerState"]["code"]}:
        return _switch(cloud, call, cluster, pool, str(power))
    control_plane = cluster.body["properties"]["currentKubernetesVersion"]
    after = pool_documents.changed_pool(
        before, asked, location=cluster.body["location"], control_plane=control_plane, offer=offer_of(cloud)
    )
    if before["mode"] == "System" and after["mode"] != "System":
        _keep_one_system_pool(cloud, cluster, pool)
    upgraded = is_upgrade(pool, after)
    if upgraded:
        refuse_unsatisfiable(cloud, host, cluster, cluster.body)
    surge = surge_nodes(pool, after) if upgraded else 0
    _check_quota(cloud, call, cluster, after, after["count"] - before["count"], surge=surge)
    check_profile(cloud, cluster.body, all_pools(cloud, cluster, [(pool, after)]))
    check_addon(cloud, cluster.body["properties"])
    check_subnets(cloud, cluster.body, [(after, max(0, after["count"] - before["count"]))])
    change = apply(cloud, pool, after)
    plan = Plan("pool.update", pool.id, cluster.body["location"], change.seconds, words(call, change.steps))
    operation = cloud.begin(call, plan, arguments={"cluster": cluster.id})
    call.effect = "updated"
    return _accepted(call, pool, operation, 200)


def _switch(cloud: Cloud, call: Call, cluster: Resource, pool: Resource, power: str) -> Answer:
    """Stop a pool, or start it again; nothing else of the request counts."""
    properties = pool.body["properties"]
    if power not in {"Stopped", "Running"}:
        raise invalid_parameter("agentPoolProfile.powerState.code", f"'{power}' is neither Running nor Stopped")
    if power == "Stopped" and properties["mode"] == "System":
        raise flat(400, "OperationNotAllowed", f"System agent pool {pool.name} cannot be stopped.")
    if power == "Running":
        _check_quota(cloud, call, cluster, properties, properties["count"])
    transition, state, seconds = (
        ("pool.stop", "Stopping", STOP_SECONDS) if power == "Stopped" else ("pool.start", "Starting", START_SECONDS)
    )
    set_state(cloud, pool, state)
    plan = Plan(transition, pool.id, cluster.body["location"], seconds)
    operation = cloud.begin(call, plan, arguments={"cluster": cluster.id})
    call.effect = "updated"
    return _accepted(call, pool, operation, 200)


def _check_quota(
    cloud: Cloud, call: Call, cluster: Resource, properties: Document, nodes: int, *, surge: int = 0
) -> None:
    added = access.cores_of_pool(properties, nodes + surge)
    access.check_quota(cloud, call.parameter("subscription"), cluster.body["location"], added)


def _accepted(call: Call, pool: Resource, operation: Operation, status: int) -> Answer:
    headers = status_headers(call, operation, namespace=NAMESPACE, location=False)
    return Answer(status, access.show_pool(pool), headers, JSON)


async def _get(cloud: Cloud, call: Call) -> Answer:
    pool = access.require_pool(cloud, call, access.require_parent(cloud, call))
    return Answer(200, access.show_pool(pool), content_type=JSON)


async def _list(cloud: Cloud, call: Call) -> Answer:
    cluster = access.require_parent(cloud, call)
    return page(cloud, call, [access.show_pool(pool) for pool in pools_of(cloud, cluster)], content_type=JSON)


def _keep_one_system_pool(cloud: Cloud, cluster: Resource, pool: Resource) -> None:
    others = [other for other in pools_of(cloud, cluster) if other.key != pool.key]
    if not any(other.body["properties"]["mode"] == "System" for other in others):
        raise flat(
            400,
            "OperationNotAllowed",
            "There has to be at least one system agent pool in the cluster. See https://aka.ms/aks/nodepool/system",
        )


async def _delete(cloud: Cloud, call: Call) -> Answer:
    cluster = access.find_cluster(cloud, call)
    pool = cloud.store.get(pool_id(cluster.id, call.parameter("pool"))) if cluster is not None else None
    if cluster is None or pool is None:
        return Answer(204, content_type=None)
    access.check_preconditions(call, pool)
    for running in cloud.operations.running_on(pool.key):
        if running.transition == "pool.delete":
            headers = status_headers(call, running, namespace=NAMESPACE, location=True)
            return Answer(202, headers=headers, content_type=None)
    access.refuse_while_busy(cloud, cluster, pool)
    access.refuse_while_stopped(cluster)
    _keep_one_system_pool(cloud, cluster, pool)
    set_state(cloud, pool, "Deleting")
    plan = Plan("pool.delete", pool.id, cluster.body["location"], DELETE_SECONDS, spread(removal(pool)))
    ignored = call.query.get("ignore-pod-disruption-budget", "").lower() == "true"
    operation = cloud.begin(call, plan, arguments={"cluster": cluster.id, "ignore_budgets": ignored})
    call.effect = "deleted"
    headers = status_headers(call, operation, namespace=NAMESPACE, location=True)
    return Answer(202, headers=headers, content_type=None)


async def _abort(cloud: Cloud, call: Call) -> Answer:
    cluster = access.require_parent(cloud, call)
    pool = access.require_pool(cloud, call, cluster)
    return abort(cloud, call, pool, (pool,), transition="pool.abort")
