"""Unscaled: from Azure's end of a create until the caller knows, with Slipway and with the SDK's own poller."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.identity.aio import ManagedIdentityCredential
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient

from bench.figures import Line, percentile
from bench.slipway import Slipway, running

_CREATES = 20
# The local Azure's creates all take equally long: only the moments at which the pollers look differ, over their 30 s.
_APART_SECONDS = 1.5
_GROUP = "sdk"
_CLUSTER: dict[str, Any] = {
    "location": "westeurope",
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "dnsPrefix": "bench",
        "agentPoolProfiles": [
            {"name": "pool1", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5", "osType": "Linux"}
        ],
    },
}


class _LoopbackBearerPolicy(AsyncBearerTokenCredentialPolicy[HttpRequest, AsyncHttpResponse]):
    """The stock policy refuses http."""

    async def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        request.context.options["enforce_https"] = False
        await super().on_request(request)


async def measure(folder: Path) -> list[Line]:
    """Twenty creates of each, side by side, on one local Azure."""
    async with running(folder / "real", speed=1) as slipway:
        await _register(slipway)
        jobs, known = await asyncio.gather(_slipway(slipway), _sdk(slipway))
        ends = await _ends(slipway)
    ours = [(jobs[name] - ends[name]).total_seconds() for name in jobs]
    theirs = [(known[name] - ends[name]).total_seconds() for name in known]
    return [
        Line(
            name=f"from Azure's end to the job's end, {_CREATES} creates, {word}",
            measured=f"{percentile(ours, share):.1f} s",
            compared_with="the SDK's own poller",
            comparison=f"{percentile(theirs, share):.1f} s",
            ratio=percentile(ours, share) / percentile(theirs, share),
            goal="3 s beside 15 s" if word == "median" else "",
            grows="with what the budget for LISTs allows; includes the kubeconfig and the proof that the cluster "
            "lives, for which the poller does nothing",
        )
        for word, share in (("median", 0.5), ("p99", 0.99))
    ]


async def _register(slipway: Slipway) -> None:
    """Have the provider registered at high speed; a caller with a subscription of its own has that behind it.

    Not by a create: Slipway would learn from it that creates are done in seconds.
    """
    await slipway.azure.put("/_local/speed", json={"speed": 100})
    await slipway.until_ended([await slipway.register("Microsoft.ContainerService")])
    await slipway.azure.put("/_local/speed", json={"speed": 1})


async def _slipway(slipway: Slipway) -> dict[str, datetime]:
    jobs = {}
    for number in range(_CREATES):
        jobs[await slipway.create(f"ours{number:02}")] = f"ours{number:02}"
        await asyncio.sleep(_APART_SECONDS)
    await slipway.until_ended(list(jobs))
    return {
        jobs[job["id"]]: datetime.fromisoformat(job["finished_at"]) for job in await slipway.jobs() if job["id"] in jobs
    }


async def _sdk(slipway: Slipway) -> dict[str, datetime]:
    os.environ.update({name: value for name, value in slipway.environment().items() if name.startswith("IDENTITY_")})
    async with ManagedIdentityCredential() as credential:
        where: dict[str, Any] = {
            "base_url": slipway.facts.azure_url,
            "authentication_policy": _LoopbackBearerPolicy(credential, "https://management.azure.com/.default"),
        }
        async with (
            ResourceManagementClient(credential, slipway.facts.subscription_id, **where) as resources,
            ContainerServiceClient(credential, slipway.facts.subscription_id, **where) as aks,
        ):
            group: Any = {"location": "westeurope"}
            await resources.resource_groups.create_or_update(_GROUP, group)
            told = await asyncio.gather(*(_one(aks, number) for number in range(_CREATES)))
    return dict(told)


async def _one(aks: ContainerServiceClient, number: int) -> tuple[str, datetime]:
    name = f"theirs{number:02}"
    body: Any = _CLUSTER
    poller = await aks.managed_clusters.begin_create_or_update(_GROUP, name, body)
    await asyncio.sleep(number * _APART_SECONDS)
    await poller.result()
    return name, datetime.now(UTC)


async def _ends(slipway: Slipway) -> dict[str, datetime]:
    """When each cluster's creation ended, by the local Azure's own clock, which is this machine's."""
    state = (await slipway.azure.get("/_local/state")).json()
    return {
        operation["target"].rpartition("/")[2]: datetime.fromisoformat(operation["ended"])
        for operation in state["operations"]
        if operation["ended"] is not None and operation["name"] == "ManagedClusters_CreateOrUpdate"
    }
