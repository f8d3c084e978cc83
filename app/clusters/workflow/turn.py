"""Wait until nothing goes on at a cluster that Slipway did not begin: Azure's own upgrade, the portal, `az`."""

from app.azure.types.cluster import ManagedCluster
from app.azure.types.watch import TargetKind
from app.clusters.specs.asked import Going, going, may_have_been_taken
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure
from app.clusters.workflow.await_azure import Begun
from app.jobs.workflow import Cloud
from app.models import ANOTHER_OPERATION


async def require_idle(cloud: Cloud, place: Place) -> ManagedCluster:
    """The cluster as Azure has it, which is ours and at which nothing is under way; until then the job waits.

    What this very step has asked for already (its answer was lost, or its worker just after) ends here too: whoever
    looks then finds it done. It is called the job's own, and so it is no foreign job to those who watch.
    Raises ClusterLostError, NotOursAnyMoreError.
    """
    waited = False
    while True:
        present = await await_azure.require_ours(cloud, place)
        at_work = _at_work(cloud, place, present)
        if at_work is None:
            break
        waited = True
        kind, target_id, words = at_work
        own = _is_own(going([cloud.context.noted()]), target_id)
        if own:
            cloud.context.progress(f"Azure is at work on {words}, which this job has asked for.")
        else:
            words = f"Another operation is running: Azure is at work on {words}. This job goes on after it."
            cloud.context.progress(words, waiting_for=ANOTHER_OPERATION)
        # Its end, good or bad, is not this job's.
        await await_azure.watch(
            cloud,
            Begun(target_id, None, cloud.clock.now()),
            subscription_id=place.subscription_id,
            kind=kind,
            expected="cluster_update",
            say=lambda _word: None,
            own=own,
        )
    if waited:
        cloud.context.progress("Nothing goes on at the cluster any more: it is this job's turn.")
    return present


def was_sent(cloud: Cloud, etag_before: str | None, present: ManagedCluster) -> bool:
    """Whether this very step has sent its change before, in a run whose end was lost, and Azure has taken it.

    For what Azure tells nobody, as passwords: the cluster's ETag is another one since, and nothing else shows it.
    """
    return may_have_been_taken(cloud.context.noted()) and present.etag != etag_before


def _is_own(asked: Going | None, target_id: str) -> bool:
    pool = target_id.lower().partition("/agentpools/")[2]
    return asked is not None and (asked.pool is None or pool in {"", asked.pool.lower()})


def _at_work(cloud: Cloud, place: Place, present: ManagedCluster) -> tuple[TargetKind, str, str] | None:
    if not present.settled:
        return TargetKind.MANAGED_CLUSTER, present.id, f"the cluster ({present.provisioning_state})"
    pools = cloud.gateways.azure.subscription(place.subscription_id).agent_pools
    for pool in present.pools:
        if not pool.settled:
            target = pools.id_of(place.resource_group, place.azure_name, pool.name)
            return TargetKind.AGENT_POOL, target, f"the node pool {pool.name} ({pool.provisioning_state})"
    return None
