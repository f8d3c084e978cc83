"""The resource group of a new cluster: used as it is, or made."""

from app.clusters.workflow import plan
from app.clusters.workflow.plan import Plan
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud
from app.models import ResourceGroup
from app.subscriptions.workflow import needed_group
from app.subscriptions.workflow.needed_group import GroupFound, GroupNeeded


@cloud_step
async def ensure_resource_group(cloud: Cloud, asked: Plan) -> GroupFound:
    """Make the resource group, unless it is there; one that is there is used as it is, whoever made it."""
    place = asked.place
    needed = GroupNeeded(place.project_id, place.subscription_id, place.resource_group, asked.wanted.location)
    return await needed_group.ensure(cloud, needed)


@record_step
async def record_resource_group(record: Record, found: GroupFound) -> None:
    """Keep who made the resource group: only what Slipway made does it ever remove."""
    cluster = await plan.cluster_of(record)
    row = await record.session.get(ResourceGroup, cluster.resource_group_id, with_for_update=True)
    await needed_group.keep(record, row, found)
