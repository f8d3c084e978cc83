"""What must hold before a cluster is changed in Azure."""

from app.azure.types.cluster import ManagedCluster
from app.clusters.live import workspaces
from app.clusters.specs.wanted import Place
from app.clusters.workflow.turn import require_idle
from app.jobs.workflow import Cloud, azure_call


async def require_changeable(cloud: Cloud, place: Place) -> ManagedCluster:
    """The cluster as Azure has it, which is ours and which Azure will let be changed: it waits for its turn.

    Raises ClusterLostError, and WorkspaceGoneError with what to do: a cluster whose monitoring sends to a workspace
    that was deleted can be neither scaled nor upgraded nor started (trouble 72).
    """
    present = await require_idle(cloud, place)
    await require_workspace(cloud, present)
    return present


async def require_workspace(cloud: Cloud, present: ManagedCluster) -> None:
    """Raise WorkspaceGoneError where the cluster's monitoring sends to a workspace that is not there."""
    await workspaces.require_workspace(cloud.gateways.azure, present, call=azure_call(cloud))
