"""What must fit into the subscription's quota of cores before Azure is asked for machines."""

from collections.abc import Collection

from app.azure.errors import AzureError
from app.clusters.specs.cores import NodesToCome, core_shortages
from app.core.errors import ErrorClass, SlipwayError
from app.jobs.workflow import Cloud, azure_call


class CoresMissingError(SlipwayError):
    """The subscription's quota does not hold the cores of the machines that are to come."""

    code = "azure_quota_exceeded"
    status = 409
    title = "The quota of cores is too small"
    error_class = ErrorClass.QUOTA
    remedy = (
        "Ask Azure for the limit that is named (https://aka.ms/cpu-quota), or make room: fewer nodes, another size. "
        "Then retry the job; with `on_blocked: wait` it looks again by itself."
    )


async def require_cores(cloud: Cloud, subscription_id: str, location: str, nodes: Collection[NodesToCome]) -> None:
    """Raise CoresMissingError unless the quota holds these machines too.

    Only a certain no keeps a job from going on: what Slipway may not read is left to Azure to judge.
    """
    cores = cloud.gateways.azure.subscription(subscription_id).compute.cores
    call = azure_call(cloud)
    try:
        usages = await cores.usages(location, call=call)
        sizes = await cores.sizes(location, call=call)
    except AzureError as error:
        if error.problem.error_class is ErrorClass.PERMISSION:
            return
        raise
    shortages = core_shortages(nodes, sizes, usages)
    if shortages:
        raise CoresMissingError(" ".join(shortages))
