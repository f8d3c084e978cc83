"""Proof that monitoring works: an agent on each node, and rows in the workspace."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.azure.types.monitoring import LogWorkspace
from app.clusters.specs.kinds import MONITOR
from app.clusters.specs.wanted import Place
from app.clusters.workflow.reach import reach
from app.core.errors import ErrorClass, SlipwayError
from app.engine.errors import JobFailedError
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud, azure_call
from app.monitoring.live import newest_rows
from app.monitoring.specs.readiness import NodeReadiness, join

_FIRST_LOOK_SECONDS = 0.5
_LONGEST_LOOK_SECONDS = 15.0
# So many times what is usual is waited for; the agents first, then what they send, within the job's deadline.
_USUAL_TIMES = 5
_LEAST = timedelta(seconds=10)
_AGENTS_SHARE = 2 / 3
_DATA_SHARE = 0.9
_NOT_THERE_YET = frozenset({"azure_workspace_not_found", "azure_query_unknown_name"})


class AgentsNotRunningError(SlipwayError):
    """The monitoring agent does not run on every node."""

    code = "agents_not_running"
    status = 503
    title = "The monitoring agent does not run on every node"
    error_class = ErrorClass.UNKNOWN
    remedy = "See `nodes` of GET /v1/clusters/{id}/monitoring. What comes late is seen, and the state follows."


@dataclass(frozen=True, slots=True)
class AgentsProof:
    """How many nodes run an agent: all."""

    linux: int
    windows: int


@dataclass(frozen=True, slots=True)
class DataProof:
    """When the newest rows of the cluster were collected; None when nothing came in time, or it cannot be known."""

    last_at: datetime | None
    unknown: str | None = None
    """Why it cannot be known."""


@cloud_step
async def await_agents(cloud: Cloud, place: Place) -> AgentsProof:
    """Ask the cluster itself until an agent runs on each node, Linux and Windows."""
    until, pause = await _until(cloud, _AGENTS_SHARE), _FIRST_LOOK_SECONDS
    async with reach(cloud.gateways, place, call=azure_call(cloud)) as client:
        while True:
            words = "the API server does not answer"
            try:
                nodes = join(await client.nodes(), await client.agents())
                words = _missing(nodes)
                if not words:
                    return _proof(nodes)
            except SlipwayError as error:
                if not error.problem.retryable:
                    raise
            if cloud.clock.now() >= until:
                raise JobFailedError(AgentsNotRunningError(f"{words[0].upper()}{words[1:]}.").problem)
            cloud.context.progress(f"Waiting: {words}")
            await cloud.context.wait(asyncio.sleep(pause))
            pause = min(pause * 1.5, _LONGEST_LOOK_SECONDS)


def _missing(nodes: Sequence[NodeReadiness]) -> str:
    """What is still missing, in words; empty when nothing is."""
    waiting = [one for one in nodes if one.state != "running"]
    if not nodes:
        return "the cluster has no node"
    if not waiting:
        return ""
    first = waiting[0]
    why = (first.reason or first.state).rstrip(".")
    return f"the agent runs on {len(nodes) - len(waiting)} of {len(nodes)} nodes; {first.node.name}: {why}"


def _proof(nodes: Sequence[NodeReadiness]) -> AgentsProof:
    windows = sum(one.node.os == "windows" for one in nodes)
    return AgentsProof(linux=len(nodes) - windows, windows=windows)


@cloud_step
async def await_data(cloud: Cloud, place: Place, workspace: LogWorkspace, interval_minutes: int) -> DataProof:
    """Ask the workspace until rows of the cluster are there. That none come in time is said, and fails nothing."""
    if workspace.customer_id is None:
        return DataProof(None)
    azure = cloud.gateways.azure
    cluster_id = azure.subscription(place.subscription_id).managed_clusters.id_of(
        place.resource_group, place.azure_name
    )
    more = timedelta(minutes=interval_minutes) * azure.pace
    until, pause = await _until(cloud, _DATA_SHARE, more), _FIRST_LOOK_SECONDS
    while True:
        try:
            newest = await newest_rows(azure, workspace.customer_id, now=cloud.clock.now(), call=azure_call(cloud))
            if (last := newest.get(cluster_id.lower())) is not None:
                return DataProof(last)
        except SlipwayError as error:
            if error.problem.error_class is ErrorClass.PERMISSION:
                # Another team's workspace may take rows from Slipway's clusters, and show none to Slipway.
                return DataProof(None, error.problem.detail)
            if not error.problem.retryable and error.problem.code not in _NOT_THERE_YET:
                raise
        if cloud.clock.now() >= until:
            return DataProof(None)
        cloud.context.progress("Waiting: nothing has arrived in the workspace yet")
        await cloud.context.wait(asyncio.sleep(pause))
        pause = min(pause * 1.5, _LONGEST_LOOK_SECONDS)


async def _until(cloud: Cloud, share: float, more: timedelta = timedelta(0)) -> datetime:
    """When to give up: after some times what is usual and `more`, or past this share of what is left of the time."""
    now = cloud.clock.now()
    left = max(cloud.job.deadline_at - now, timedelta(0))
    usual = await cloud.gateways.azure.expected(MONITOR.expected)
    return now + min(share * left, max(_USUAL_TIMES * usual, _LEAST) + more)
