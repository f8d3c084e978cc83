"""PATCHes of a cluster: what is sent to the local Azure, and what Azure then has."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from app.emulator.providers.containerservice import cluster_documents
from tests.support.whole import Slipway

PUT = "ManagedClusters_CreateOrUpdate"
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
    """What Azure had, and what it was sent, for each PUT of a cluster that was there."""
    seen: list[tuple[dict[str, Any], dict[str, Any]]] = []
    real = cluster_documents.changed_cluster

    def change(known: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        seen.append((json.loads(json.dumps(known)), json.loads(json.dumps(document))))
        return real(known, document)

    with mock.patch.object(cluster_documents, "changed_cluster", change):
        yield seen


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Each value that is no object, by its path."""
    if isinstance(value, dict) and value:
        return {at: leaf for name, inner in value.items() for at, leaf in leaves(inner, f"{path}/{name}").items()}
    return {path: value}


def sent_otherwise(known: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """What a PUT says that Azure had otherwise; its pools, which stand apart there, left out."""
    has = leaves(known)
    document["properties"].pop("agentPoolProfiles")
    return {path: leaf for path, leaf in leaves(document).items() if has.get(path) != leaf}


async def patch(slipway: Slipway, **body: Any) -> dict[str, Any]:
    """Send a PATCH that changes something; return its answer, and beside it the job at its end."""
    answer = await slipway.ask("PATCH", "/v1/clusters/blue", body)
    assert answer.status_code == 202, answer.text
    return {**answer.json(), "end": await slipway.ended(answer.json()["job"]["id"])}
