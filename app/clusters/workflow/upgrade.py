"""`cluster.upgrade`: the control plane first, then the pools, one after the other."""

from collections.abc import Callable

from app.azure.types.cluster import ManagedCluster
from app.clusters.live import PoolMissingError
from app.clusters.schemas.upgrades import UpgradeScope
from app.clusters.specs.applied import version_missing
from app.clusters.specs.kinds import UPGRADE
from app.clusters.specs.upgrade_request import asked_of, choices_of
from app.clusters.specs.wanted import Wanted
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Made
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.plan import Plan
from app.clusters.workflow.proof import Proof, prove
from app.clusters.workflow.upgrade_checks import Route, UpgradePlan
from app.clusters.workflow.upgrade_stages import Upgraded, upgrade_through
from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow
from app.models import Cluster, ClusterState


async def upgrade_cluster(job: JobRun) -> None:
    """Bring a cluster to a version or to images that Azure offers for it."""
    asked = await job.record(begin_upgrade)
    upgraded = await upgrade_through(job, asked)
    made = await job.cloud(read_upgraded, asked, upgraded)
    proof = await job.cloud(prove_upgraded, asked, made)
    await job.record(record_upgraded, upgraded, made, proof)


@record_step
async def begin_upgrade(record: Record) -> UpgradePlan:
    """Mark the cluster as being upgraded."""
    return upgrade_plan(await plan.begin(record, ClusterState.UPGRADING), record.view.request)


def upgrade_plan(begun: Plan, request: JsonObject) -> UpgradePlan:
    """What a request asks for: members of `ClusterUpgrade`, with pools under our names.

    Raises PoolMissingError where one of them was deleted since: none that is left means all, which nobody asked for.
    """
    for name in request.get("node_pools") or ():
        if begun.wanted.pool(name) is None:
            raise PoolMissingError(f"The cluster has no pool named {name} any more.")
    asked = asked_of(begun.wanted, request)
    choices = choices_of(begun.wanted, request)
    return UpgradePlan(begun.place, asked.version, (), asked, choices, begun.wanted.pool_names)


@cloud_step
async def read_upgraded(cloud: Cloud, asked: UpgradePlan, upgraded: Upgraded) -> Made:
    """Read what Azure applied."""

    def missing(seen: ManagedCluster) -> list[str]:
        return upgrade_missing(seen, upgraded, asked.called)

    return await await_azure.read_made(cloud, asked.place, missing=missing)


def upgrade_missing(seen: ManagedCluster, upgraded: Upgraded, called: Callable[[str], str]) -> list[str]:
    """What is not as it was asked for, but for pools of which nodes were left behind; `called`: a pool's own name."""
    route: Route = upgraded.route
    found = [] if route.control_plane is None else version_missing(seen, route.control_plane, {})
    for name, version in route.pools.items():
        pool = seen.pool(name)
        if pool is None or upgraded.quarantined:
            continue
        if version is not None:
            found += version_missing(seen, version, {name: called(name)}, control_plane=False)
        elif pool.node_image_version != route.images.get(name, pool.node_image_version):
            found.append(f"Pool {called(name)} has the image {pool.node_image_version}, not {route.images[name]}.")
    return found


@cloud_step
async def prove_upgraded(cloud: Cloud, asked: UpgradePlan, made: Made) -> Proof:
    """The API answers and all nodes are Ready."""
    return await prove(cloud, asked.place, made.cluster)


@record_step
async def record_upgraded(record: Record, upgraded: Upgraded, made: Made, proof: Proof) -> None:
    """Write that the cluster is ready again, with its version as wanted from now on."""
    cluster = await plan.cluster_of(record)
    want_what_runs(record, cluster, made.cluster.current_kubernetes_version)
    await plan.observe(record, cluster, made.cluster, made.outbound_ips)
    plan.settle(cluster, record)
    await record.emit("cluster.upgraded", data={"kubernetes_version": proof.kubernetes_version})
    images = "has the newest node images and " if record.view.request.get("node_images") else ""
    await record.succeed(
        outcome=outcome_of(upgraded, made, proof, Wanted.from_json(cluster.wanted)),
        summary=f"Cluster {cluster.name} {images}runs Kubernetes {proof.kubernetes_version}; "
        + left_words(upgraded, proof.words("all nodes are Ready.")),
    )


async def record_unfinished(record: Record, end: JobEnd) -> None:
    """The end of one that did not succeed: how far its control plane has come was asked for all the same."""
    await plan.record_unchanged(record, end)
    cluster = await record.session.get(Cluster, record.view.target_id, with_for_update=True)
    if end.begun and cluster is not None:
        want_what_runs(record, cluster, (cluster.observed or {}).get("current_kubernetes_version"))


def want_what_runs(record: Record, cluster: Cluster, running: str | None) -> None:
    """Want the version to which the control plane was brought, by this job or by one that it takes up."""
    request = record.view.request
    if running and request.get("kubernetes_version") and request.get("scope") != UpgradeScope.NODE_POOLS:
        cluster.wanted = {**cluster.wanted, "kubernetes_version": running}


def outcome_of(upgraded: Upgraded, made: Made, proof: Proof, wanted: Wanted) -> JsonObject:
    """What came of it: the versions, and what was left behind or removed on the way; pools by our names."""
    names = wanted.pool_names
    return {
        "kubernetes_version": proof.kubernetes_version,
        **proof.told(),
        "node_pools": {
            names.get(pool.name, pool.name): {
                "kubernetes_version": pool.current_orchestrator_version or pool.orchestrator_version,
                "node_image_version": pool.node_image_version,
            }
            for pool in made.cluster.pools
        },
        **left_behind(upgraded),
    }


def left_behind(upgraded: Upgraded) -> JsonObject:
    """Nodes that could not be drained and stay as they were (trouble 42), and pods that were deleted for others."""
    return {"quarantined_nodes": list(upgraded.quarantined), "pods_removed": list(upgraded.removed)}


def left_words(upgraded: Upgraded, well: str) -> str:
    """The end of the summary: nodes that were left behind, or that all is well."""
    left = upgraded.quarantined
    return f"left behind and cordoned: {', '.join(left)}." if left else well


upgrade_workflow = Workflow(UPGRADE, upgrade_cluster, ended=record_unfinished, clean_up=clean_up_change)
