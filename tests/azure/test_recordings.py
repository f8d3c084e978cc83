"""What real Azure answered, through our readers. The recordings are read where they lie, never copied."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from app.azure.cluster_mapping import cluster_of
from app.azure.pool_mapping import pool_of
from app.azure.types.operation import Operation, OperationKind
from tests.azure.arm_double import arm_double

FOLDER = os.environ.get("SLIPWAY_RECORDINGS")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="SLIPWAY_RECORDINGS names no folder")

CLUSTER = re.compile(r"/managedclusters/[^/]+$", re.IGNORECASE)
POOL = re.compile(r"/agentpools/[^/]+$", re.IGNORECASE)
OPERATION = re.compile(r"/microsoft.containerservice/locations/[^/]+/operations/", re.IGNORECASE)


def bodies(path: re.Pattern[str]) -> Iterator[dict[str, Any]]:
    for file in sorted(Path(FOLDER or ".").glob("*.json")):
        for step in json.loads(file.read_text())["steps"]:
            if path.search(step["path"]) and step["status"] < 300 and isinstance(step.get("body"), dict):
                yield step["body"]


def test_every_recorded_cluster_and_pool_can_be_read() -> None:
    clusters = [cluster_of(body) for body in bodies(CLUSTER)]
    pools = [pool_of(body) for body in bodies(POOL)]
    assert len(clusters) > 10
    assert len(pools) > 5
    assert {"Creating", "Succeeded"} <= {cluster.provisioning_state for cluster in clusters}
    for cluster in clusters:
        assert cluster.resource_group
        assert cluster.pools
        if cluster.provisioning_state == "Succeeded":
            assert cluster.fqdn
            assert cluster.node_resource_group
    assert any(cluster.outbound_ip_ids for cluster in clusters)
    assert all(pool.vm_size for pool in pools)


async def test_every_recorded_operation_can_be_read() -> None:
    """Its words are free text; only the three last ones mean an end, whatever `error` stands beside them."""
    for body in bodies(OPERATION):

        async def handler(_: web.Request, body: dict[str, Any] = body) -> web.StreamResponse:
            return web.json_response(body)

        async with arm_double(handler) as arm:
            operation = Operation(arm.url + "/operations/1", OperationKind.ASYNC_OPERATION, "/x")
            status = await arm.azure.operations.status(operation, call=arm.call())
        assert status.status == body["status"]
        assert status.done == (body["status"] in {"Succeeded", "Failed", "Canceled"})
        assert (status.error is not None) == (body["status"] == "Failed")
