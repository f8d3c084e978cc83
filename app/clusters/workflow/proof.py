"""What several jobs end with: the proof that a cluster lives, from the cluster itself."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

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
# New ones join in this time; those that Azure has taken back may never come.
_LOOKS_AT_SPOT = 8


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

    def told(self) -> JsonObject:
        """What a job's outcome says of it."""
        told: JsonObject = {"nodes_ready": self.nodes_ready}
        if self.spot_missing:
            told["spot_machines_missing"] = self.spot_missing
        return told if self.not_proven is None else {**told, "not_proven": self.not_proven}

    def words(self, proven: str) -> str:
        """The end of a summary: what was proven, or why nothing could be."""
        if self.not_proven is not None:
            return f"Azure says so; {self.not_proven}"
        if self.spot_missing:
            lacks = "is" if self.spot_missing == 1 else "are"
            return f"{proven[:-1]}, but {counted(self.spot_missing, 'spot machine')} {lacks} missing."
        return proven


async def prove(cloud: Cloud, place: Place, cluster: ManagedCluster, *, only: str | None = None) -> Proof:
    """Ask the cluster itself until its API answers, all nodes are Ready and all system pods run.

    A private cluster that cannot be reached is asked by a command; where commands are off, nothing can be proven from
    here, and that is no failure. `only`: the pool whose nodes are looked at, in place of all; others may lack theirs.
    For machines of spot pools, but those of `only`, it waits a while: Azure may have taken them back for good.
    """
    resting = {pool.name for pool in cluster.pools if is_stopped(pool.power_state) or only not in {None, pool.name}}
    present = [pool for pool in cluster.pools if pool.name not in resting]
    fleeting = {pool.name: pool.count for pool in present if pool.spot and pool.name != only}
    wanted = sum(pool.count for pool in present if pool.name not in fleeting)
    pause, silent, short = _FIRST_LOOK_SECONDS, 0, 0
    async with reach(cloud.gateways, place, call=azure_call(cloud), cluster=cluster) as client:
        while True:
            missing = "the API server does not answer yet"
            try:
                facts = await client.facts(resting=resting, fleeting=fleeting)
                missing = _missing(facts, wanted, fleeting)
                lacking = _lacking(facts, fleeting)
                short += not missing
                if not missing and (not lacking or short > _LOOKS_AT_SPOT):
                    return _proof(facts, await client.address(), lacking)
                missing = missing or f"{counted(lacking, 'machine')} of spot pools not Ready"
            except SlipwayError as error:
                if not error.problem.retryable:
                    raise
                silent += 1
                if cluster.private_fqdn is not None and cluster.commands_disabled:
                    if silent >= _LOOKS_AT_SILENCE:
                        return _not_proven(cluster)
                elif cluster.private_fqdn is not None:
                    facts = await facts_by_command(cloud, place, cluster, resting=resting, fleeting=fleeting)
                    missing = _missing(facts, wanted, fleeting)
                    if not missing:
                        return _proof(facts, f"https://{cluster.private_fqdn}", _lacking(facts, fleeting))
            cloud.context.progress(f"Waiting: {missing}")
            await cloud.context.wait(asyncio.sleep(pause))
            pause = min(pause * 1.5, _LONGEST_LOOK_SECONDS)


def _missing(facts: ClusterFacts, wanted: int, fleeting: Collection[str]) -> str:
    nodes = [node for node in facts.nodes if node.pool not in fleeting]
    ready = sum(node.ready for node in nodes)
    if ready < wanted or ready < len(nodes):
        return f"{ready} of {max(wanted, len(nodes))} nodes are Ready"
    if facts.system_pods.ready < facts.system_pods.total:
        return f"{facts.system_pods.ready} of {facts.system_pods.total} system pods are Ready"
    return ""


def _lacking(facts: ClusterFacts, fleeting: Mapping[str, int]) -> int:
    """How many machines of these pools are not there, or not Ready; `fleeting` says how many each shall have."""
    there = Counter(node.pool for node in facts.nodes if node.ready)
    return sum(max(0, count - there[name]) for name, count in fleeting.items())


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


def _proof(facts: ClusterFacts, address: str, spot_missing: int) -> Proof:
    return Proof(
        kubernetes_version=facts.version,
        nodes=len(facts.nodes),
        nodes_ready=sum(node.ready for node in facts.nodes),
        system_pods_ready=facts.system_pods.ready,
        api_server=address,
        spot_missing=spot_missing,
    )
