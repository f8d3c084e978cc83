"""`cluster.delete`."""

from dataclasses import dataclass

from app.azure.types.operation import Operation
from app.azure.types.tags import is_of_project, is_ours
from app.azure.types.watch import Goal, TargetKind
from app.clusters.specs.kinds import DELETE
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun
from app.clusters.workflow.plan import Plan
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState, ResourceGroup, ResourceGroupState
from app.subscriptions.service.choose import living_clusters, lock_rows


async def delete_cluster(job: JobRun) -> None:
    """Remove a cluster and what Slipway made for it; succeeds as well when nothing is there."""
    asked = await job.record(begin_delete)
    leaving = await job.cloud(remove_cluster, asked)
    await job.cloud(await_cluster_gone, asked, leaving)
    await job.cloud(await_node_group_gone, asked, leaving)
    alone = await job.cloud(find_group_empty, asked)
    if alone and await job.record(claim_resource_group):
        begun = await job.cloud(remove_resource_group, asked)
        await job.cloud(await_resource_group_gone, asked, begun)
        await job.record(record_resource_group_deleted)
    await job.record(record_deleted)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is on its way out; all None when Azure had nothing of ours."""

    begun: Begun | None
    node_resource_group: str | None


@record_step
async def begin_delete(record: Record) -> Plan:
    """Mark the cluster as being deleted."""
    return await plan.begin(record, ClusterState.DELETING)


@cloud_step
async def remove_cluster(cloud: Cloud, asked: Plan) -> Leaving:
    """Ask Azure to delete the cluster. One that does not carry our tags is somebody else's, and stays."""
    place = asked.place
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    present = await clusters.get(place.resource_group, place.azure_name, call=azure_call(cloud))
    if present is None or not is_ours(present.tags, place.cluster_id):
        return Leaving(None, None)
    asked_at = cloud.clock.now()
    operation: Operation | None = None
    if present.provisioning_state.lower() != "deleting":
        operation = await clusters.delete(place.resource_group, place.azure_name, call=azure_call(cloud))
    return Leaving(Begun(present.id, operation, asked_at), present.node_resource_group)


@cloud_step
async def await_cluster_gone(cloud: Cloud, asked: Plan, leaving: Leaving) -> None:
    """Wait until Azure has no such cluster any more."""
    if leaving.begun is None:
        return
    end = await await_azure.watch(
        cloud,
        leaving.begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        goal=Goal.GONE,
        expected="cluster_delete",
    )
    await_azure.require_gone(end)


@cloud_step
async def await_node_group_gone(cloud: Cloud, asked: Plan, leaving: Leaving) -> None:
    """Wait for the node resource group too: AKS answers 404 for a cluster whose machines are still going."""
    if leaving.node_resource_group is None:
        return
    groups = cloud.gateways.azure.subscription(asked.place.subscription_id).resource_groups
    if await groups.get(leaving.node_resource_group, call=azure_call(cloud)) is None:
        return
    end = await await_azure.watch(
        cloud,
        Begun(groups.id_of(leaving.node_resource_group), None, cloud.clock.now()),
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.RESOURCE_GROUP,
        goal=Goal.GONE,
        expected="resource_group_delete",
    )
    await_azure.require_gone(end)


@cloud_step
async def find_group_empty(cloud: Cloud, asked: Plan) -> bool:
    """Whether the resource group carries our tags, for this project, and holds nothing any more, by Azure's list."""
    groups = cloud.gateways.azure.subscription(asked.place.subscription_id).resource_groups
    group = await groups.get(asked.place.resource_group, call=azure_call(cloud))
    if group is None or not is_of_project(group.tags, asked.place.project_id):
        return False
    return not await groups.resources(group.name, call=azure_call(cloud))


@record_step
async def claim_resource_group(record: Record) -> bool:
    """Mark the group as going, if Slipway made it for clusters and none will stay; no create may choose it then.

    Its rows, in all projects, are locked, and a create locks them too: one of the two sees what the other did.
    """
    cluster = await plan.cluster_of(record)
    group = await record.session.get(ResourceGroup, cluster.resource_group_id)
    if group is None:
        return False
    rows = await lock_rows(record.session, group.project_id, subscription_id=group.subscription_id, name=group.name)
    if group not in rows or not (group.managed and group.made_for_cluster):
        return False
    others = [other for other in await living_clusters(record.session, group) if other.id != cluster.id]
    # Azure's list has just shown that nothing lies in the group, so those that are being deleted are gone from it too.
    if any(other.state != ClusterState.DELETING for other in others):
        return False
    if others and group.state == ResourceGroupState.DELETING:
        # One of them is at it.
        return False
    group.state = ResourceGroupState.DELETING
    group.version += 1
    group.updated_at = record.now
    return True


@cloud_step
async def remove_resource_group(cloud: Cloud, asked: Plan) -> Begun | None:
    """Ask Azure to delete the resource group."""
    groups = cloud.gateways.azure.subscription(asked.place.subscription_id).resource_groups
    asked_at = cloud.clock.now()
    operation = await groups.delete(asked.place.resource_group, call=azure_call(cloud))
    return None if operation is None else Begun(operation.target_id, operation, asked_at)


@cloud_step
async def await_resource_group_gone(cloud: Cloud, asked: Plan, begun: Begun | None) -> None:
    """Wait until Azure has no such group any more."""
    if begun is None:
        return
    end = await await_azure.watch(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.RESOURCE_GROUP,
        goal=Goal.GONE,
        expected="resource_group_delete",
    )
    await_azure.require_gone(end)


@record_step
async def record_resource_group_deleted(record: Record) -> None:
    """Write that the group is gone; its name is free again."""
    cluster = await plan.cluster_of(record)
    group = await record.session.get(ResourceGroup, cluster.resource_group_id, with_for_update=True)
    if group is None or group.deleted_at is not None:
        return
    group.state = ResourceGroupState.DELETED
    group.deleted_at = group.updated_at = record.now
    group.version += 1
    await record.emit("resource_group.deleted", subject=("resource_group", group.id))


@record_step
async def record_deleted(record: Record) -> None:
    """Write that the cluster is gone; its name is free again."""
    cluster = await plan.cluster_of(record)
    plan.set_state(cluster, ClusterState.DELETED, record)
    cluster.deleted_at = record.now
    await record.emit("cluster.deleted")
    await record.succeed(outcome={"deleted": True})


async def record_still_there(record: Record, end: JobEnd) -> None:
    """The end of a delete that did not succeed: the cluster stays in `deleting`; a retry goes on."""
    await record.emit("cluster.delete_failed", data={"code": end.problem.code})


delete_workflow = Workflow(DELETE, delete_cluster, ended=record_still_there)
