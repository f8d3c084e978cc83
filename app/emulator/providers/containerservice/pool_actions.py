"""What is done to a pool beside its PUT: its machines, read and deleted one by one; a newer node image."""

from functools import partial
from typing import Any

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document, clone
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.links import page, status_headers
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice import access, pool_changes, roll_plans
from app.emulator.providers.containerservice.cluster_pools import change_pool
from app.emulator.providers.containerservice.errors import flat, invalid_parameter, not_found
from app.emulator.providers.containerservice.instances import instances_of
from app.emulator.providers.containerservice.names import JSON, NAMESPACE, POOL
from app.emulator.providers.containerservice.node_images import latest_image
from app.emulator.providers.containerservice.node_resource_group import node_group_of
from app.emulator.providers.containerservice.scale_sets import SCALE_SET, address_of
from app.emulator.providers.containerservice.shapes import check_shape

DELETE_MACHINES_SECONDS = 120


def routes(host: ClusterHost) -> list[Route]:
    """The operations of this file."""
    machines = f"{POOL}/machines"

    def route(method: str, template: str, operation: str, handler: Any, seconds: float) -> Route:
        return Route(method, template, operation, handler, NAMESPACE, seconds)

    upgrade = partial(_upgrade_image, host)
    return [
        route("GET", machines, "Machines_List", _list, 1),
        route("GET", f"{machines}/{{machine}}", "Machines_Get", _get, 1),
        route("POST", f"{POOL}/deleteMachines", "AgentPools_DeleteMachines", _delete, 1),
        route("POST", f"{POOL}/upgradeNodeImageVersion", "AgentPools_UpgradeNodeImageVersion", upgrade, 1),
    ]


def _names(cluster: Resource, pool: Resource) -> dict[str, int]:
    group, os_type = node_group_of(cluster), pool.body["properties"]["osType"]
    return {group.node_name(pool.name, os_type, number): number for number in instances_of(pool)}


def _shown(cloud: Cloud, cluster: Resource, pool: Resource, name: str, number: int) -> Document:
    group, properties = node_group_of(cluster), pool.body["properties"]
    scale_set = group.resource_id(SCALE_SET, group.scale_set_name(pool.name, properties["osType"]))
    machine = cloud.store.get(f"{scale_set}/virtualMachines/{number}")
    address = address_of(cloud, scale_set, number)
    shown: Document = {
        "id": f"{pool.id}/machines/{name}",
        "name": name,
        "type": "Microsoft.ContainerService/managedClusters/agentPools/machines",
        "properties": {
            "network": {"ipAddresses": [{"family": "IPv4", "ip": address}] if address else []},
            "resourceId": f"{scale_set}/virtualMachines/{number}",
        },
    }
    zones = machine.body.get("zones") if machine is not None else None
    return {**shown, "zones": list(zones)} if zones else shown


async def _list(cloud: Cloud, call: Call) -> Answer:
    cluster = access.require_parent(cloud, call)
    pool = access.require_pool(cloud, call, cluster)
    every = [_shown(cloud, cluster, pool, name, number) for name, number in _names(cluster, pool).items()]
    return page(cloud, call, every, content_type=JSON)


async def _get(cloud: Cloud, call: Call) -> Answer:
    cluster = access.require_parent(cloud, call)
    pool = access.require_pool(cloud, call, cluster)
    name, known = call.parameter("machine"), _names(cluster, pool)
    if name not in known:
        raise not_found("Machine", f"Could not find machine: {name} in agentpool: {pool.name}.", "GetMachine_NotFound")
    return Answer(200, _shown(cloud, cluster, pool, name, known[name]), content_type=JSON)


def _ready(cloud: Cloud, call: Call) -> tuple[Resource, Resource]:
    """The cluster and its pool, where neither is busy or stopped."""
    require_group(cloud, call, for_change=True)
    cluster = access.require_parent(cloud, call)
    pool = access.require_pool(cloud, call, cluster)
    access.check_preconditions(call, pool)
    access.refuse_while_busy(cloud, cluster, pool)
    access.refuse_while_stopped(cluster)
    return cluster, pool


def _accepted(call: Call, operation: Operation) -> Answer:
    call.effect = "updated"
    return Answer(202, headers=status_headers(call, operation, namespace=NAMESPACE, location=True), content_type=None)


async def _delete(cloud: Cloud, call: Call) -> Answer:
    cluster, pool = _ready(cloud, call)
    document = call.document()
    check_shape(document, {"machineNames": [str]})
    asked, known = list(dict.fromkeys(document.get("machineNames") or ())), _names(cluster, pool)
    unknown = [name for name in asked if name not in known]
    if not asked or unknown:
        raise invalid_parameter("machineNames", f"no machines of agent pool {pool.name}: [{' '.join(unknown)}]")
    after = clone(pool.body["properties"])
    after["count"] = max(0, after["count"] - len(asked))
    if not after["count"] and after["mode"] == "System":
        raise flat(
            400,
            "OperationNotAllowed",
            "There has to be at least one node in a system agent pool. See https://aka.ms/aks/nodepool/system",
        )
    after["currentOrchestratorVersion"] = pool.internal["wanted_version"]
    change_pool(cloud, pool, after, "Updating")
    steps = roll_plans.removal_of(pool, [known[name] for name in asked])
    plan = Plan(
        "pool.update", pool.id, cluster.body["location"], DELETE_MACHINES_SECONDS, pool_changes.words(call, steps)
    )
    return _accepted(call, cloud.begin(call, plan, arguments={"cluster": cluster.id}))


async def _upgrade_image(host: ClusterHost, cloud: Cloud, call: Call) -> Answer:
    cluster, pool = _ready(cloud, call)
    return _accepted(call, begin_image_upgrade(host, cloud, call, cluster, pool))


def begin_image_upgrade(host: ClusterHost, cloud: Cloud, call: Call, cluster: Resource, pool: Resource) -> Operation:
    """Bring a pool onto the newest image. Raises AKS's refusals."""
    image, after = latest_image(cloud, pool.body["properties"]), clone(pool.body["properties"])
    if image != after["nodeImageVersion"]:
        pool_changes.refuse_unsatisfiable(cloud, host, cluster, cluster.body)
        surge = access.cores_of_pool(after, pool_changes.surge_nodes(pool, after))
        access.check_quota(cloud, pool.id.split("/")[2], cluster.body["location"], surge)
    change = pool_changes.apply(cloud, pool, after, image)
    plan = Plan(
        "pool.update", pool.id, cluster.body["location"], change.seconds, pool_changes.words(call, change.steps)
    )
    return cloud.begin(call, plan, arguments={"cluster": cluster.id})
