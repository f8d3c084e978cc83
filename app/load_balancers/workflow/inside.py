"""The way of this slice's steps into the cluster of an exposure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.clusters.workflow.reach import reach
from app.jobs.workflow import Cloud, azure_call
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import ClusterUnreachableError, KubernetesError
from app.load_balancers.workflow.exposure_plan import Asked


class UnreadableAnswerError(ClusterUnreachableError):
    """Half an answer, or one that is none: what was sent may have been done. Each step looks before it acts."""

    code = "cluster_answer_unreadable"
    title = "The cluster's API server gave an answer that cannot be read"


@asynccontextmanager
async def inside(cloud: Cloud, asked: Asked) -> AsyncIterator[ClusterClient]:
    """The client of the cluster. An answer that cannot be read is raised as one that may be readable next time."""
    try:
        async with reach(cloud.gateways, asked.place, call=azure_call(cloud)) as client:
            yield client
    except KubernetesError as error:
        if type(error) is KubernetesError:
            raise UnreadableAnswerError(error.problem.detail) from error
        raise
