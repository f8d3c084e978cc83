"""The states of clusters: what each allows, and what an observer may turn it into. Pure, and table-tested.

A state is turned by the job that is at work, and by observers only where none is.
"""

from app.models import ClusterState

QUIET = frozenset({ClusterState.READY, ClusterState.DEGRADED})
"""States in which the cluster serves and nothing is under way."""
SERVING = QUIET | {ClusterState.UPDATING, ClusterState.UPGRADING}
"""States in which the cluster's API server is there, or is thought to be."""
CHANGEABLE = SERVING | {ClusterState.STARTING}
"""States in which a change can be asked for; it stands in line behind what is under way."""
STOPPED = frozenset({ClusterState.STOPPING, ClusterState.STOPPED})
"""States from which a cluster can be started or deleted, and nothing else."""
AT_REST = QUIET | {ClusterState.STOPPED, ClusterState.FAILED, ClusterState.LOST}
"""States in which nothing is under way: what is seen then is somebody else's doing, or Azure's own."""
UNDER_WAY = frozenset(
    {
        ClusterState.CREATING,
        ClusterState.UPDATING,
        ClusterState.UPGRADING,
        ClusterState.STOPPING,
        ClusterState.STARTING,
    }
)
"""States that a job leaves; where none is there any more, the next comparison with Azure does."""
LEAVING = frozenset({ClusterState.DELETING, ClusterState.DELETED})
"""Of these the deletion's job alone has the word."""

_BY_WORD = {
    "upgrading": ClusterState.UPGRADING,
    "stopping": ClusterState.STOPPING,
    "starting": ClusterState.STARTING,
}


def while_azure_is(state: str, word: str) -> str:
    """The state while somebody else's operation runs, by Azure's word for it: a word that is not known is an update.

    A create that failed stays failed until Azure says that it is well.
    """
    if state == ClusterState.FAILED or state not in AT_REST:
        return state
    return _BY_WORD.get(word.lower(), ClusterState.UPDATING)
