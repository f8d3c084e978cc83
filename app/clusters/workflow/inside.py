"""The way of steps into a cluster, and how they look there again and again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.clusters.specs.wanted import Place
from app.clusters.workflow.reach import reach
from app.jobs.workflow import Cloud, azure_call
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import ClusterUnreachableError, KubernetesError

_FIRST_LOOK_SECONDS = 0.3
_LONGEST_LOOK_SECONDS = 5.0


class UnreadableAnswerError(ClusterUnreachableError):
    """Half an answer, or one that is none: what was sent may have been done. Each step looks before it acts."""

    code = "cluster_answer_unreadable"
    title = "The cluster's API server gave an answer that cannot be read"


@asynccontextmanager
async def inside(cloud: Cloud, place: Place) -> AsyncIterator[ClusterClient]:
    """The client of the cluster. An answer that cannot be read is raised as one that may be readable next time."""
    try:
        async with reach(cloud.gateways, place, call=azure_call(cloud)) as client:
            yield client
    except KubernetesError as error:
        if type(error) is KubernetesError:
            raise UnreadableAnswerError(error.problem.detail) from error
        raise


async def ever_less_often(cloud: Cloud) -> AsyncIterator[None]:
    """Come up for each look: at once, soon, and then after ever longer pauses of at most five seconds."""
    pause = _FIRST_LOOK_SECONDS
    while True:
        yield
        await cloud.context.wait(asyncio.sleep(pause))
        pause = min(pause * 1.3, _LONGEST_LOOK_SECONDS)


def note_change(cloud: Cloud, method: str, path: str, place: Place) -> None:
    """Keep on the step that the cluster has taken a change."""
    cloud.context.note({"change": {"method": method, "path": path, "cluster_id": place.cluster_id}})
