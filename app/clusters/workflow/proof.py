"""What several jobs end with: the proof that a cluster lives, from the cluster itself."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from app.azure.types.agent_pool import AgentPool
from app.azure.types.cluster import ManagedCluster
from app.clusters.specs.observed import is_stopped
from app.clusters.specs.wanted import Place
from app.clusters.workflow.private_facts import facts_by_command
from app.clusters.workflow.reach import reach
from app.core.errors import SlipwayError
from app.core.json import JsonObject
from app.core.text import counted
from app.jobs.workflow import Cloud, azure_call
from app.kubernetes.types import ClusterFacts

_FIRST_LOOK_SECONDS = 0.5
_LONGEST_LOOK_SECONDS = 10.0
# It may be reached from here after all, and just be late.
_LOOKS_AT_SILENCE = 8
# New ones join in this time; those that Azure has taken back, or failed to make, may never come.
_LOOKS_AT_EXCUSED = 8


@dataclass(frozen=True, slots=True)
class Proof:
    """What a live cluster said of itself. `not_proven`: why it could not be asked; then there is Azure's word alone."""

    kubernetes_version: str
    nodes: int | None
    nodes_ready: int | None
    system_pods_ready: int | None
    api_server: str | None = None
    """The address at which its API server answered."""
    not_proven: str | None = None
    spot_missing: int = 0
    """Machines of spot pools that are not there, or not Ready: no job waits long for what Azure takes back."""
    failed_missing: int = 0
    """Nodes of user pools that Azure calls failed, likewise: they come when somebody has mended their pool."""

    def told(self) -> JsonObject:
        """What a job's outcome says of it."""
        told: JsonObject = {"nodes_ready": self.nodes_ready}
        if self.spot_missing:
            told["spot_machines_missing"] = self.spot_missing
        if self.failed_missing:
            told["failed_pools_nodes_missing"] = self.failed_missing
        return told if self.not_proven is None else {**told, "not_proven": self.not_proven}

    def words(self, proven: str) -> str:
        """The end of a summary: what was proven, or why nothing could be."""
        if self.not_proven is not None:
            return f"Azure says so; {self.not_proven}"
        lacking = [
            counted(self.spot_missing, "spot machine") if self.spot_missing else "",
            f"{counted(self.failed_missing, 'node')} of failed pools" if self.failed_missing else "",
        ]
        if not any(lacking):
            return proven
        verb = "is" if self.spot_missing + self.failed_missing == 1 else "are"
        return f"{proven[:-1]}, but {' and '.join(filter(None, lacking))} {verb} missing."


@dataclass(frozen=True, slots=True)
class _Excused:
    """Pools for whose nodes no job waits long: how many each shall have, by name."""

    spot: Mapping[str, int]
    failed: Mapping[str, int]

    @property
    def names(self) -> Collection[str]:
        return {*self.spot, *self.failed}

    def lacking(self, facts: ClusterFacts) -> tuple[int, int]:
        """How many machines of spot pools, and of failed ones, are not there, or not Ready."""
        there = Counter(node.pool for node in facts.nodes if node.ready)
        spot, failed = (
            sum(max(0, count - there[name]) for name, count in pools.items()) for pools in (self.spot, self.failed)
        )
        return spot, failed


async def prove(cloud: Cloud, place: Place, cluster: ManagedCluster, *, only: str | None = None) -> Proof:
    """Ask the cluster itself until its API answers, all nodes are Ready and all system pods run.

    A private cluster that cannot be reached is asked by a command; where commands are off, nothing can be proven from
    here, and that is no failure. `only`: the pool whose nodes are looked at, in place of all; others may lack theirs.
    For nodes of spot pools and of user pools that Azure calls failed, but those of `only`, it waits a while: Azure may
    have taken them back for good, and what a failed pool lacks comes with its own mending.
    """
    resting = {pool.name for pool in cluster.pools if is_stopped(pool.power_state) or only not in {None, pool.name}}
    present = [pool for pool in cluster.pools if pool.name not in resting]
    excused = _excused([pool for pool in present if pool.name != only])
    names = excused.names
    wanted = sum(pool.count for pool in present if pool.name not in names)
    pause, silent, short = _FIRST_LOOK_SECONDS, 0, 0
    async with reach(cloud.gateways, place, call=azure_call(cloud), cluster=cluster) as client:
        while True:
            missing = "the API server does not answer yet"
            try:
                facts = await client.facts(resting=resting, excused=names)
                missing = _missing(facts, wanted, names)
                lacking = excused.lacking(facts)
                short += not missing
                if not missing and (not any(lacking) or short > _LOOKS_AT_EXCUSED):
                    return _proof(facts, await client.address(), *lacking)
                missing = missing or f"{counted(sum(lacking), 'node')} of spot pools or failed pools not Ready"
            except SlipwayError as error:
                if not error.problem.retryable:
                    raise
                silent += 1
                if cluster.private_fqdn is not None and cluster.commands_disabled:
                    if silent >= _LOOKS_AT_SILENCE:
                        return _not_proven(cluster)
                elif cluster.private_fqdn is not None:
                    facts = await facts_by_command(cloud, place, cluster, resting=resting, excused=names)
                    missing = _missing(facts, wanted, names)
                    if not missing:
                        return _proof(facts, f"https://{cluster.private_fqdn}", *excused.lacking(facts))
            cloud.context.progress(f"Waiting: {missing}")
            await cloud.context.wait(asyncio.sleep(pause))
            pause = min(pause * 1.5, _LONGEST_LOOK_SECONDS)


def _excused(pools: Iterable[AgentPool]) -> _Excused:
    spot: dict[str, int] = {}
    failed: dict[str, int] = {}
    for pool in pools:
        if pool.spot:
            spot[pool.name] = pool.count
        elif pool.mode.lower() == "user" and pool.failed:
            failed[pool.name] = pool.count
    return _Excused(spot, failed)


def _missing(facts: ClusterFacts, wanted: int, excused: Collection[str]) -> str:
    nodes = [node for node in facts.nodes if node.pool not in excused]
    ready = sum(node.ready for node in nodes)
    if ready < wanted or ready < len(nodes):
        return f"{ready} of {max(wanted, len(nodes))} nodes are Ready"
    if facts.system_pods.ready < facts.system_pods.total:
        return f"{facts.system_pods.ready} of {facts.system_pods.total} system pods are Ready"
    return ""


def _not_proven(cluster: ManagedCluster) -> Proof:
    return Proof(
        kubernetes_version=cluster.current_kubernetes_version or "",
        nodes=None,
        nodes_ready=None,
        system_pods_ready=None,
        api_server=f"https://{cluster.private_fqdn}",
        not_proven="the cluster is private, Slipway cannot reach its API server, and commands in it are switched off "
        "(api_server.run_command), so that its nodes could not be looked at from here.",
    )


def _proof(facts: ClusterFacts, address: str, spot_missing: int, failed_missing: int) -> Proof:
    return Proof(
        kubernetes_version=facts.version,
        nodes=len(facts.nodes),
        nodes_ready=sum(node.ready for node in facts.nodes),
        system_pods_ready=facts.system_pods.ready,
        api_server=address,
        spot_missing=spot_missing,
        failed_missing=failed_missing,
    )
