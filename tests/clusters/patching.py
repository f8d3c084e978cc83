"""PATCHes of a cluster: what is sent to the local Azure, and what Azure then has."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from app.clusters.specs.wanted import Wanted
from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice import access, cluster_pools
from tests.support.rows import add_cluster_row
from tests.support.whole import Slipway

PUT = "ManagedClusters_CreateOrUpdate"
LEFT_OUT = "left out"
"""Stands for what a PUT does not say though Azure has it: for most of it the same as taking it away."""
_READ_ONLY = frozenset(
    {
        "/eTag",
        "/id",
        "/identity/principalId",
        "/identity/tenantId",
        "/name",
        "/properties/azurePortalFQDN",
        "/properties/currentKubernetesVersion",
        "/properties/fqdn",
        "/properties/maxAgentPools",
        "/properties/networkProfile/loadBalancerProfile/effectiveOutboundIPs",
        "/properties/powerState/code",
        "/properties/provisioningState",
        "/properties/resourceUID",
        "/type",
    }
)
_READ_ONLY_OF_POOLS = frozenset({"currentOrchestratorVersion", "provisioningState"})
"""Only Azure says these; the SDK sends none of them."""
WINDOW = {"weekday": "Saturday", "start_time": "02:00", "duration_hours": 6}


async def in_azure(slipway: Slipway, path: str = "") -> dict[str, Any]:
    """The cluster, or what is under it, as Azure shows it to anybody."""
    azure_id = (await slipway.cluster())["observed"]["azure_id"]
    url = f"{slipway.azure.url}{azure_id}{path}?api-version=2025-08-01"
    return await asyncio.to_thread(_read, url, slipway.azure.token())


def _read(url: str, token: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own loopback URL
        found: dict[str, Any] = json.load(answer)
    return found


@contextmanager
def bodies() -> Iterator[list[tuple[dict[str, Any], dict[str, Any]]]]:
    """What Azure showed, and what it was sent, for each PUT of a cluster that was there."""
    seen: list[tuple[dict[str, Any], dict[str, Any]]] = []
    real = cluster_pools.changed_pools

    def change(cloud: Cloud, cluster: Resource, document: Document, control_plane: str) -> Any:
        seen.append((access.show_cluster(cloud, cluster), clone(document)))
        return real(cloud, cluster, document, control_plane)

    with mock.patch.object(cluster_pools, "changed_pools", change):
        yield seen


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Each value that is no object and no list of pools, by its path."""
    if path.endswith("/agentPoolProfiles"):
        value = {pool["name"]: pool for pool in value}
    if isinstance(value, dict) and value:
        return {at: leaf for name, inner in value.items() for at, leaf in leaves(inner, f"{path}/{name}").items()}
    return {path: value}


def sent_otherwise(known: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Where a PUT differs from what Azure shows, pools and all: what it says there, or `LEFT_OUT`."""
    has, says = leaves(known), leaves(document)
    # An empty object is filled or left out, and nothing is lost with it.
    unsaid = [path for path in has if path not in says and has[path] != {} and not _is_read_only(path)]
    return {path: says.get(path, LEFT_OUT) for path in [*says, *unsaid] if has.get(path) != says.get(path, LEFT_OUT)}


def _is_read_only(path: str) -> bool:
    return path in _READ_ONLY or ("/agentPoolProfiles/" in path and path.rpartition("/")[2] in _READ_ONLY_OF_POOLS)


async def patch(slipway: Slipway, **body: Any) -> dict[str, Any]:
    """Send a PATCH that changes something; return its answer, and beside it the job at its end."""
    answer = await slipway.ask("PATCH", "/v1/clusters/blue", body)
    assert answer.status_code == 202, answer.text
    return {**answer.json(), "end": await slipway.ended(answer.json()["job"]["id"])}


async def add_row(slipway: Slipway, **settings: Any) -> None:
    """A cluster named blue that is ready, of which there is nothing but its row."""
    await add_cluster_row(
        slipway.parts.database,
        slipway.tenant.id,
        "blue",
        subscription_id=slipway.azure.subscription_id,
        now=slipway.parts.clock.now(),
        wanted=Wanted("westeurope", None, "blue", "ssh-ed25519 AAAA", (), {}, settings=settings).as_json(),
    )
