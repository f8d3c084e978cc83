"""Why an upgrade has failed, with what is in the way: a budget and the pod that it keeps, or old APIs in use."""

from dataclasses import replace

from app.clusters.specs.azure_words import DrainBlock, drain_block_in, uses_in
from app.clusters.specs.upgrade_path import Stage
from app.clusters.workflow.reach import reach
from app.clusters.workflow.upgrade_checks import UpgradePlan
from app.core.errors import FieldError, Problem, SlipwayError
from app.jobs.workflow import Cloud, azure_call


async def with_block(cloud: Cloud, asked: UpgradePlan, stage: Stage, problem: Problem) -> Problem:
    """The problem with node, pod, budget and owner, as far as Azure names them and the cluster still knows them."""
    message = problem.azure.message if problem.azure is not None else None
    block = drain_block_in(message or "")
    if block is None:
        return problem
    pool = asked.called(stage.pool or "")
    sentence = f"Node {block.node} of pool {pool} could not be drained."
    if block.pod is not None:
        owner = await _owner(cloud, asked, block)
        bound = f" ({block.bound})" if block.bound else ""
        sentence = (
            f"Node {block.node} of pool {pool} could not be drained: pod {block.namespace}/{block.pod}, which "
            f"belongs to {owner}, is kept by the budget {block.namespace}/{block.budget}{bound}."
        )
    return replace(
        problem,
        detail=sentence,
        remedy="Let the budget allow a disruption, or add replicas, then retry the job: it upgrades only the nodes "
        "that are left. Or ask again with `undrainable: skip` (leave such nodes behind) or `force` (delete the pod).",
        errors=(FieldError("drain_blocked", f"/node_pools/{pool}/nodes/{block.node}", sentence),),
    )


async def _owner(cloud: Cloud, asked: UpgradePlan, block: DrainBlock) -> str:
    try:
        async with reach(cloud.gateways, asked.place, call=azure_call(cloud)) as client:
            pods = await client.drains.pods()
    except SlipwayError:
        return "an owner that could not be read"
    found = next((pod for pod in pods if (pod.namespace, pod.name) == (block.namespace, block.pod)), None)
    return "an owner that is gone" if found is None else found.owner


def with_uses(problem: Problem) -> Problem:
    """The refusal with each use of an old API (trouble 45)."""
    uses = uses_in(problem.azure.message or "" if problem.azure is not None else "")
    errors = tuple(FieldError("deprecated_api_used", f"/apis/{use.api}", use.sentence()) for use in uses)
    return replace(
        problem,
        errors=errors,
        remedy="Migrate what uses it, wait 12 hours, and retry the job; or ask again with "
        "`ignore: [deprecated_api_used]`. Who called: `Diagnose and solve problems` of the cluster in Azure's portal.",
    )
