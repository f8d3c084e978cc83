"""What several jobs end with: the proof that a cluster lives, from the cluster itself."""

import asyncio
from dataclasses import dataclass

from app.azure.errors import AzureError
from app.azure.types.cluster import ManagedCluster
from app.clusters.specs.expected_nodes import Expected, Lacking
from app.clusters.specs.wanted import Place
from app.clusters.workflow.await_azure import find_ours
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
_LOOKS_AT_LACKING = 8
_LOOKS_BETWEEN_READS = 4


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


async def prove(cloud: Cloud, place: Place, cluster: ManagedCluster, *, only: str | None = None) -> Proof:
    """Ask the cluster itself until its API answers, all nodes are Ready and all system pods run.

    A private cluster that cannot be reached is asked by a command; where commands are off, nothing can be proven from
    here, and that is no failure. `only`: the pool whose nodes are looked at, in place of all; others may lack theirs.
    Nodes that may never come are waited for a while (`Expected`). How many there shall be is read anew now and then:
    somebody else, or the autoscaler, may take away what was there when the job's operation ended.
    """
    expected = Expected.of(cluster, only=only)
    pause, silent, short, looks = _FIRST_LOOK_SECONDS, 0, 0, 0
    async with reach(cloud.gateways, place, call=azure_call(cloud), cluster=cluster) as client:
        while True:
            missing = "the API server does not answer yet"
            try:
                facts = await client.facts(resting=expected.resting, excused=expected.excused)
                missing, lacking = expected.missing(facts), expected.lacking(facts)
                short += not missing
                if not missing and (not lacking.any or short > _LOOKS_AT_LACKING):
                    return _proof(facts, await client.address(), lacking)
                missing = missing or lacking.words()
            except SlipwayError as error:
                if not error.problem.retryable:
                    raise
                silent += 1
                if cluster.private_fqdn is not None and cluster.commands_disabled:
                    if silent >= _LOOKS_AT_SILENCE:
                        return _not_proven(cluster)
                elif cluster.private_fqdn is not None:
                    facts = await facts_by_command(
                        cloud, place, cluster, resting=expected.resting, excused=expected.excused
                    )
                    missing = expected.missing(facts)
                    if not missing:
                        return _proof(facts, f"https://{cluster.private_fqdn}", expected.lacking(facts))
            cloud.context.progress(f"Waiting: {missing}")
            await cloud.context.wait(asyncio.sleep(pause))
            pause = min(pause * 1.5, _LONGEST_LOOK_SECONDS)
            looks += 1
            if looks % _LOOKS_BETWEEN_READS == 0:
                cluster = await _read_again(cloud, place, cluster)
                expected = Expected.of(cluster, only=only)


async def _read_again(cloud: Cloud, place: Place, before: ManagedCluster) -> ManagedCluster:
    try:
        return await find_ours(cloud, place) or before
    except AzureError as error:
        # The cluster itself goes on to be asked while Azure cannot be.
        if not error.problem.retryable:
            raise
        return before


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


def _proof(facts: ClusterFacts, address: str, lacking: Lacking) -> Proof:
    return Proof(
        kubernetes_version=facts.version,
        nodes=len(facts.nodes),
        nodes_ready=sum(node.ready for node in facts.nodes),
        system_pods_ready=facts.system_pods.ready,
        api_server=address,
        spot_missing=lacking.spot,
        failed_missing=lacking.failed,
    )
