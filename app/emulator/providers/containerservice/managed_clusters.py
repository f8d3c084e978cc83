"""Managed clusters: create, change, read, list, delete, abort, credentials."""

import base64

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document, section
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_tags, require_group
from app.emulator.core.links import page, status_headers
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice import access, cluster_documents, cluster_pools, identities, shapes
from app.emulator.providers.containerservice.deprecated_uses import refuse_used
from app.emulator.providers.containerservice.errors import flat
from app.emulator.providers.containerservice.load_balancer_profile import check_profile
from app.emulator.providers.containerservice.monitoring.addon import check_addon
from app.emulator.providers.containerservice.names import (
    CLUSTER,
    CLUSTER_TYPE,
    IN_GROUP,
    IN_SUBSCRIPTION,
    JSON,
    NAMESPACE,
)
from app.emulator.providers.containerservice.nodes import pools_of
from app.emulator.providers.containerservice.pool_changes import (
    apply,
    is_upgrade,
    refuse_unsatisfiable,
    surge_nodes,
    weightiest,
    words,
)
from app.emulator.providers.containerservice.roll_plans import CONTROL_PLANE
from app.emulator.providers.containerservice.shapes import check_shape
from app.emulator.providers.containerservice.subnets import check_subnets
from app.emulator.providers.containerservice.transitions import PREEMPTED, set_state
from app.emulator.providers.containerservice.versions import offer_of

CREATE_SECONDS = 300
UPDATE_SECONDS = 100
SCALE_SECONDS = 213
UPGRADE_SECONDS = 92
POOL_UPGRADE_SECONDS = 200
TAGS_SECONDS = 61
DELETE_SECONDS = 250
ABORT_SECONDS = 15
_SUFFIX_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class ManagedClusters:
    """The operations on clusters."""

    def __init__(self, host: ClusterHost) -> None:
        """`host` runs the Kubernetes APIs."""
        self._host = host

    def routes(self) -> list[Route]:
        """The operations of this file."""
        every = "managedClusters"

        def route(method: str, template: str, operation: str, handler: object, seconds: float) -> Route:
            return Route(method, template, f"ManagedClusters_{operation}", handler, NAMESPACE, seconds)  # type: ignore[arg-type]

        return [
            route("PUT", CLUSTER, "CreateOrUpdate", self.put, 7),
            route("PATCH", CLUSTER, "UpdateTags", self._patch, 2),
            route("GET", CLUSTER, "Get", self._get, 1),
            route("DELETE", CLUSTER, "Delete", self._delete, 1),
            route("GET", f"{IN_SUBSCRIPTION}/{every}", "List", self._list, 0.5),
            route("GET", f"{IN_GROUP}/{every}", "ListByResourceGroup", self._list_by_group, 0.5),
            route("POST", f"{CLUSTER}/abort", "AbortLatestOperation", self._abort, 1),
            route("POST", f"{CLUSTER}/listClusterUserCredential", "ListClusterUserCredentials", self._user, 0.4),
            route(
                "POST",
                f"{CLUSTER}/listClusterAdminCredential",
                "ListClusterAdminCredentials",
                self._admin,
                0.4,
            ),
        ]

    async def put(self, cloud: Cloud, call: Call) -> Answer:
        """Create a cluster, or change one."""
        require_group(cloud, call, for_change=True)
        known = cloud.store.get(access.id_of(call))
        access.check_preconditions(call, known)
        document = call.document()
        check_shape(document, shapes.CLUSTER)
        if known is None:
            return self._create(cloud, call, document)
        access.refuse_while_busy(cloud, known)
        access.refuse_while_stopped(known)
        return self._update(cloud, call, known, document)

    def _create(self, cloud: Cloud, call: Call, document: Document) -> Answer:
        place = cluster_documents.Place(
            id=access.id_of(call),
            name=call.parameter("cluster"),
            group=call.parameter("group"),
            tenant_id=cloud.settings.tenant_id,
        )
        suffix = "".join(cloud.randomness.choices(_SUFFIX_ALPHABET, k=8))
        body = cluster_documents.new_cluster(
            place, document, offer=offer_of(cloud), suffix=suffix, guids=(cloud.guid(), cloud.guid())
        )
        identities.take_identities(cloud, body, document)
        identities.show_issuer(cloud, body)
        kubelet = identities.kubelet_identity(cloud, body, document)
        access.refuse_taken_node_group(cloud, call.parameter("subscription"), body)
        pools = cluster_pools.new_pools(body, document, offer_of(cloud))
        cluster_pools.check_windows(body, pools.values())
        check_profile(cloud, body, pools.values())
        check_addon(cloud, body["properties"])
        check_subnets(cloud, body, [(pool, pool["count"]) for pool in pools.values()])
        access.check_offer(cloud, body["location"], pools.values())
        access.check_quota(
            cloud, call.parameter("subscription"), body["location"], cluster_pools.cores_of(pools.values())
        )
        cluster = cloud.store.put(Resource(place.id, CLUSTER_TYPE, body, cloud.now()))
        cluster.internal["kubernetes_version"] = body["properties"]["currentKubernetesVersion"]
        if kubelet is not None:
            cluster.internal[identities.KUBELET] = kubelet
        for name, properties in pools.items():
            cluster_pools.add_pool(cloud, cluster, name, properties)
        nodes = sum(properties["count"] for properties in pools.values())
        steps = (
            (0.09, "ProvisioningNetworkResources", "network"),
            (0.145, "ProvisioningControlPlane", None),
            (0.42, f"CreatingAgentPools: 0/{nodes} nodes completed", "control-plane"),
            (0.60, f"CreatingAgentPools: {nodes}/{nodes} nodes completed", "machines"),
            (0.92, "ReconcilingDNS", None),
        )
        plan = Plan("cluster.create", cluster.id, body["location"], CREATE_SECONDS, steps)
        operation = cloud.begin(call, plan)
        call.effect = "created"
        return _accepted(cloud, call, cluster, operation, 201)

    def _update(self, cloud: Cloud, call: Call, cluster: Resource, document: Document) -> Answer:
        before = cluster.body["properties"]
        body = cluster_documents.changed_cluster(cluster.body, document, offer=offer_of(cloud))
        identities.take_identities(cloud, body, document)
        identities.change_kubelet(cloud, body, document)
        identities.show_issuer(cloud, body)
        control_plane = body["properties"]["currentKubernetesVersion"]
        changed = cluster_pools.changed_pools(cloud, cluster, document, control_plane)
        check_profile(cloud, body, cluster_pools.all_pools(cloud, cluster, changed))
        check_addon(cloud, body["properties"])
        grown = [(new, max(0, new["count"] - pool.body["properties"]["count"])) for pool, new in changed]
        check_subnets(cloud, body, grown)
        upgraded = [(pool, new) for pool, new in changed if is_upgrade(pool, new)]
        if upgraded or control_plane != before["currentKubernetesVersion"]:
            refuse_used(cloud, cluster, body, control_plane)
            refuse_unsatisfiable(cloud, self._host, cluster, body)
        added = cluster_pools.cores_of([new for _, new in changed])
        for family, cores in cluster_pools.cores_of([pool.body["properties"] for pool, _ in changed]).items():
            added[family] = added.get(family, 0) - cores
        for pool, new in upgraded:
            for family, cores in access.cores_of_pool(new, surge_nodes(pool, new)).items():
                added[family] = added.get(family, 0) + cores
        access.check_quota(cloud, call.parameter("subscription"), body["location"], added)
        body["properties"]["currentKubernetesVersion"] = before["currentKubernetesVersion"]
        cluster.body = body
        changes = [apply(cloud, pool, new) for pool, new in changed]
        state, seconds = weightiest(changes), float(UPDATE_SECONDS)
        steps = [step for change in changes for step in change.steps]
        if control_plane != before["currentKubernetesVersion"] or upgraded:
            state, seconds = "Upgrading", UPGRADE_SECONDS + POOL_UPGRADE_SECONDS * len(upgraded)
            steps = [("UpgradingControlPlane", CONTROL_PLANE), *steps]
        elif state == "Scaling":
            seconds = SCALE_SECONDS
        set_state(cloud, cluster, state)
        plan = Plan("cluster.update", cluster.id, body["location"], seconds, words(call, steps))
        operation = cloud.begin(call, plan, arguments={"control_plane": control_plane})
        call.effect = "updated"
        return _accepted(cloud, call, cluster, operation, 200)

    async def _patch(self, cloud: Cloud, call: Call) -> Answer:
        require_group(cloud, call, for_change=True)
        cluster = access.require_cluster(cloud, call)
        access.check_preconditions(call, cluster)
        document = call.document()
        check_shape(document, shapes.CLUSTER)
        access.refuse_while_busy(cloud, cluster)
        access.refuse_while_stopped(cluster)
        check_addon(cloud, cluster.body["properties"])
        cluster.body["tags"] = check_tags(document)
        set_state(cloud, cluster, "Updating")
        control_plane = cluster.body["properties"]["currentKubernetesVersion"]
        plan = Plan("cluster.update", cluster.id, cluster.body["location"], TAGS_SECONDS)
        operation = cloud.begin(call, plan, arguments={"control_plane": control_plane})
        call.effect = "updated"
        return _accepted(cloud, call, cluster, operation, 200)

    async def _get(self, cloud: Cloud, call: Call) -> Answer:
        cluster = access.require_cluster(cloud, call)
        return Answer(200, access.show_cluster(cloud, cluster), content_type=JSON)

    async def _list(self, cloud: Cloud, call: Call) -> Answer:
        under = f"/subscriptions/{call.parameter('subscription')}"
        clusters = cloud.store.of_type(CLUSTER_TYPE, under=under)
        return page(cloud, call, [access.show_cluster(cloud, cluster) for cluster in clusters], content_type=JSON)

    async def _list_by_group(self, cloud: Cloud, call: Call) -> Answer:
        group = require_group(cloud, call)
        clusters = cloud.store.of_type(CLUSTER_TYPE, under=group.id)
        return page(cloud, call, [access.show_cluster(cloud, cluster) for cluster in clusters], content_type=JSON)

    async def _delete(self, cloud: Cloud, call: Call) -> Answer:
        cluster = access.find_cluster(cloud, call)
        if cluster is None:
            return Answer(204, content_type=None)
        access.check_preconditions(call, cluster)
        for target in (cluster, *pools_of(cloud, cluster)):
            for running in cloud.operations.running_on(target.key):
                if running.transition == "cluster.delete":
                    headers = status_headers(call, running, namespace=NAMESPACE, location=True)
                    return Answer(202, headers=headers, content_type=None)
                await cloud.cancel(running, "Canceled", dict(PREEMPTED))
        for target in (cluster, *pools_of(cloud, cluster)):
            set_state(cloud, target, "Deleting")
        plan = Plan("cluster.delete", cluster.id, cluster.body["location"], DELETE_SECONDS)
        operation = cloud.begin(call, plan)
        call.effect = "deleted"
        headers = status_headers(call, operation, namespace=NAMESPACE, location=True)
        return Answer(202, headers=headers, content_type=None)

    async def _abort(self, cloud: Cloud, call: Call) -> Answer:
        cluster = access.require_cluster(cloud, call)
        targets = (cluster, *pools_of(cloud, cluster))
        return abort(cloud, call, cluster, targets, transition="cluster.abort")

    async def _user(self, cloud: Cloud, call: Call) -> Answer:
        cluster = _with_api(access.require_cluster(cloud, call))
        entra = section(cluster.body, "properties", "aadProfile")
        if entra.get("managed"):
            return _kubeconfig(
                "clusterUser",
                self._host.entra_kubeconfig(cluster.key, entra.get("tenantID") or cloud.settings.tenant_id),
            )
        return _kubeconfig("clusterUser", self._host.endpoint(cluster.key).user_kubeconfig)

    async def _admin(self, cloud: Cloud, call: Call) -> Answer:
        cluster = _with_api(access.require_cluster(cloud, call))
        if cluster.body["properties"].get("disableLocalAccounts"):
            raise flat(
                400,
                "BadRequest",
                "Getting static credential is not allowed because this cluster is set to disable local accounts.",
            )
        return _kubeconfig("clusterAdmin", self._host.endpoint(cluster.key).admin_kubeconfig)


def abort(cloud: Cloud, call: Call, target: Resource, holders: tuple[Resource, ...], *, transition: str) -> Answer:
    """Ask what runs on `holders` to end; 409 when nothing runs that can be aborted."""
    running = [
        operation
        for holder in holders
        for operation in cloud.operations.running_on(holder.key)
        if not operation.transition.endswith((".delete", ".abort"))
    ]
    if not running:
        state = target.body["properties"]["provisioningState"]
        raise flat(409, "OperationNotAllowed", f"The latest operation is already {state}, operation not allowed.")
    location = running[0].location
    for holder in holders:
        if cloud.operations.running_on(holder.key):
            set_state(cloud, holder, "Canceling")
    plan = Plan(transition, target.id, location, ABORT_SECONDS)
    operation = cloud.begin(call, plan, arguments={"operations": [victim.id for victim in running]})
    call.effect = "updated"
    headers = status_headers(call, operation, namespace=NAMESPACE, location=True)
    return Answer(202, headers=headers, content_type=None)


def _accepted(cloud: Cloud, call: Call, cluster: Resource, operation: Operation, status: int) -> Answer:
    headers = status_headers(call, operation, namespace=NAMESPACE, location=False)
    return Answer(status, access.show_cluster(cloud, cluster), headers, JSON)


def _with_api(cluster: Resource) -> Resource:
    if not cluster.internal.get("api"):
        state = cluster.body["properties"]["provisioningState"]
        raise flat(
            409,
            "OperationNotAllowed",
            f"Operation is not allowed: The control plane of the managed cluster is not ready ({state}).",
        )
    return cluster


def _kubeconfig(name: str, config: bytes) -> Answer:
    value = base64.b64encode(config).decode()
    return Answer(200, {"kubeconfigs": [{"name": name, "value": value}]}, content_type=JSON)
