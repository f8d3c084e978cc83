"""`cluster.delete`."""

from dataclasses import dataclass
from enum import Enum, auto

from sqlalchemy import select

from app.azure.types.operation import Operation
from app.azure.types.tags import is_of_project
from app.azure.types.watch import Goal, TargetKind
from app.clusters.service.ending import require_unprotected
from app.clusters.service.foreign import follow_foreign
from app.clusters.service.outliving import FATES, items_to_remove, start_removals
from app.clusters.service.parts import record_parts_gone
from app.clusters.service.sealed import erase_sealed
from app.clusters.service.start import asker_for
from app.clusters.specs.deletion import Fates
from app.clusters.specs.kinds import DELETE
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure, leftovers, plan
from app.clusters.workflow.await_azure import Begun
from app.clusters.workflow.collection_rules import remove_rules
from app.clusters.workflow.leftovers import DeletionBlockedError
from app.clusters.workflow.plan import Plan
from app.core.json import JsonObject
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState, Job, JobStep, ResourceGroup, ResourceGroupState
from app.subscriptions.service.choose import living_accounts, living_addresses, living_clusters, lock_rows
from app.subscriptions.workflow.delete_group import STILL_AT_IT


async def delete_cluster(job: JobRun) -> None:
    """Remove a cluster and what Slipway made for it; succeeds as well when nothing is there."""
    asked = await job.record(begin_delete)
    leaving = await job.cloud(remove_cluster, asked)
    await job.cloud(await_cluster_gone, asked, leaving)
    await job.cloud(await_node_group_gone, asked, leaving)
    left = await job.cloud(find_leftovers, asked)
    alone = await job.cloud(find_group_empty, asked)
    if alone and await job.record(claim_resource_group):
        begun = await job.cloud(remove_resource_group, asked)
        await job.cloud(await_resource_group_gone, asked, begun)
        await job.record(record_resource_group_deleted)
    await job.record(record_deleted, left)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is on its way out; `begun` None when Azure has no cluster of ours (any more)."""

    begun: Begun | None
    node_resource_group: str | None


@record_step
async def begin_delete(record: Record) -> Plan:
    """Mark the cluster as being deleted; a retry keeps what it was, as the request of a first delete did."""
    cluster = await plan.cluster_of(record)
    # A retry of a deletion from before may come after the cluster was protected.
    require_unprotected(cluster)
    if cluster.state not in {ClusterState.DELETING, ClusterState.DELETED}:
        job = await record.session.get_one(Job, record.view.id)
        job.request = {**job.request, plan.BEFORE: cluster.state}
    return await plan.begin(record, ClusterState.DELETING)


@cloud_step
async def remove_cluster(cloud: Cloud, asked: Plan) -> Leaving:
    """Ask Azure to delete the cluster. One that does not carry our tags is somebody else's, and stays."""
    place = asked.place
    if asked.wanted.monitoring is not None:
        await remove_rules(cloud, place)
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    present = await await_azure.find_ours(cloud, place)
    if present is None:
        # An attempt before this one may have left its node resource group behind.
        return Leaving(None, asked.node_group)
    asked_at = cloud.clock.now()
    operation: Operation | None = None
    if not present.deleting:
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
    await leftovers.explain(cloud, leaving.node_resource_group, asked.place, end)
    await_azure.require_gone(end, TargetKind.MANAGED_CLUSTER)


@cloud_step
async def await_node_group_gone(cloud: Cloud, asked: Plan, leaving: Leaving) -> None:
    """Wait for the node resource group too: AKS answers 404 for a cluster whose machines are still going.

    A group that Azure has left is removed where it carries our tags; DeletionBlockedError names what keeps it.
    """
    if leaving.node_resource_group is None:
        return
    groups = cloud.gateways.azure.subscription(asked.place.subscription_id).resource_groups
    group = await groups.get(leaving.node_resource_group, call=azure_call(cloud))
    if group is None or await leftovers.is_anothers(cloud, group, asked.place):
        return
    begun = Begun(group.id, None, cloud.clock.now())
    if not group.deleting:
        begun = await leftovers.remove_group(cloud, group, asked.place) or begun
    end = await await_azure.watch(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.RESOURCE_GROUP,
        goal=Goal.GONE,
        expected="resource_group_delete",
    )
    await leftovers.explain(cloud, group.name, asked.place, end)
    await_azure.require_gone(end, TargetKind.RESOURCE_GROUP)


@cloud_step
async def find_leftovers(cloud: Cloud, asked: Plan) -> list[str]:
    """Look at what still carries the cluster's tags anywhere in the subscription; the ids of what stays (trouble 82).

    What Slipway itself made for the cluster is removed.
    """
    return await leftovers.remove_own(cloud, asked.place)


@cloud_step
async def find_group_empty(cloud: Cloud, asked: Plan) -> bool:
    """Whether the resource group carries our tags, for this project, and holds nothing any more, by Azure's list.

    One that is gone already, from a job that went before or by somebody else's hand, holds nothing.
    """
    return await _group_state(cloud, asked.place) is not _Group.IN_USE


class _Group(Enum):
    ABSENT = auto()
    EMPTY_AND_OURS = auto()
    IN_USE = auto()


async def _group_state(cloud: Cloud, place: Place) -> _Group:
    groups = cloud.gateways.azure.subscription(place.subscription_id).resource_groups
    group = await groups.get(place.resource_group, call=azure_call(cloud))
    if group is None:
        return _Group.ABSENT
    if not is_of_project(group.tags, place.project_id) or await groups.resources(group.name, call=azure_call(cloud)):
        return _Group.IN_USE
    return _Group.EMPTY_AND_OURS


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
    # A group that is still in `creating` was never recorded: whose it is, its tags in Azure have said.
    ours = group.managed or group.state == ResourceGroupState.CREATING
    if group not in rows or not (ours and group.made_for_cluster):
        return False
    others = [other for other in await living_clusters(record.session, group) if other.id != cluster.id]
    # Azure's list has just shown that nothing lies in the group, so those that are being deleted are gone from it too.
    if any(other.state != ClusterState.DELETING for other in others):
        return False
    if await living_addresses(record.session, group) or await living_accounts(record.session, group):
        # A reservation may be about to put one there.
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
    """Ask Azure to delete the resource group. Much may have happened in Azure while our rows were waited for."""
    if await _group_state(cloud, asked.place) is not _Group.EMPTY_AND_OURS:
        return None
    groups = cloud.gateways.azure.subscription(asked.place.subscription_id).resource_groups
    asked_at = cloud.clock.now()
    operation = await groups.delete(asked.place.resource_group, call=azure_call(cloud))
    return None if operation is None else Begun(operation.target_id, operation, asked_at)


@cloud_step
async def await_resource_group_gone(cloud: Cloud, asked: Plan, begun: Begun | None) -> None:
    """Wait until Azure has no such group any more."""
    await await_azure.await_gone(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.RESOURCE_GROUP,
        expected="resource_group_delete",
    )


@record_step
async def record_resource_group_deleted(record: Record) -> None:
    """Write that the group is gone, or somebody else's by now; its name is free again."""
    cluster = await plan.cluster_of(record)
    group = await record.session.get(ResourceGroup, cluster.resource_group_id, with_for_update=True)
    if group is None or group.deleted_at is not None:
        return
    group.state = ResourceGroupState.DELETED
    group.deleted_at = group.updated_at = record.now
    group.version += 1
    await record.emit("resource_group.deleted", subject=("resource_group", group.id))


@record_step
async def record_deleted(record: Record, left: list[str]) -> None:
    """Write that the cluster is gone; its name is free again. What is left of it is told, and stays.

    The jobs that remove what can outlive it, where that was asked for, begin with this transaction or not at all.
    """
    cluster = await plan.cluster_of(record)
    followed: JsonObject = {}
    if cluster.deleted_at is None:
        # Of the row, since the caller may have said it anew after this job had begun.
        fates = Fates((await record.session.get_one(Job, record.view.id)).request.get(FATES) or {})
        also = await items_to_remove(record.session, cluster, fates)
        plan.set_state(cluster, ClusterState.DELETED, record)
        cluster.deleted_at = record.now
        await erase_sealed(record.session, cluster.id)
        await record_parts_gone(record.session, cluster, now=record.now)
        # No observer looks at the cluster any more.
        await follow_foreign(record.session, cluster, None, now=record.now)
        await record.emit("cluster.deleted")
        if left:
            await record.emit("cluster.left_over", data={"resources": left})
        if also:
            view = record.view
            asker = await asker_for(record.session, record.queue, view.project_id, view.requested_by, record.now)
            followed = await start_removals(record.session, asker, also)
    await record.succeed(outcome={"deleted": True, "left_over": left, **followed})


async def record_still_there(record: Record, end: JobEnd) -> None:
    """The end of a delete that did not succeed: a DELETE or a `:retry` goes on from what is there.

    What Azure refused to delete is again what it was; what Azure began to delete and gave up has failed, until a
    comparison finds it well. It stays in `deleting` only where Azure may still be at it.
    """
    await record.emit("cluster.delete_failed", data={"code": end.problem.code})
    cluster = await plan.cluster_of(record)
    if cluster.state != ClusterState.DELETING:
        return
    taken = select(JobStep.ordinal).where(JobStep.job_id == record.view.id, JobStep.name == await_cluster_gone.name)
    if (await record.session.execute(taken)).first() is None:
        job = await record.session.get_one(Job, record.view.id)
        before = _AFTER_NOTHING.get(job.request.get(plan.BEFORE, ""))
        if before is not None:
            plan.set_state(cluster, before, record)
    elif not end.canceled and end.problem.code not in _STILL_GOING:
        plan.set_state(cluster, ClusterState.FAILED, record)


# Where something keeps what belongs to it, the cluster goes as soon as that is gone.
_STILL_GOING = STILL_AT_IT | {DeletionBlockedError.code}

# What a cluster is again, by what it was: the job that was at work on it has made way for the delete.
_AFTER_NOTHING = {
    ClusterState.CREATING: ClusterState.FAILED,
    ClusterState.UPDATING: ClusterState.READY,
    ClusterState.UPGRADING: ClusterState.READY,
    ClusterState.DEGRADED: ClusterState.DEGRADED,
    # What became of these the next comparison with Azure says.
    ClusterState.STOPPING: ClusterState.STOPPING,
    ClusterState.STARTING: ClusterState.STARTING,
    ClusterState.STOPPED: ClusterState.STOPPED,
    ClusterState.READY: ClusterState.READY,
    ClusterState.FAILED: ClusterState.FAILED,
    ClusterState.LOST: ClusterState.LOST,
}


delete_workflow = Workflow(DELETE, delete_cluster, ended=record_still_there)
