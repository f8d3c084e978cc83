"""Scene 8: `OperationNotAllowed` with each of its texts, as Azure says it to a job that changes a cluster."""

import asyncio
from typing import Any

import pytest

from tests.support.whole import Slipway

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
OWN = "/v1/clusters/blue"
BUSY = "Another operation (Updating) is in progress, see https://aka.ms/aks-pending-operation for details."
CORES = (
    "Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota. Location: "
    "westeurope, Current Limit: 10, Current Usage: 8, Additional Required: 4, (Minimum) New Limit Required: 12."
)
# Azure's text (azure/ERRORS.md): class, code, a word of the remedy.
TEXTS = (
    (CORES, "quota", "azure_quota_exceeded", "printed new limit"),
    (
        "Upgrading Kubernetes version 1.31.1 to 1.33.5 is not allowed. Available upgrades: [1.32.7].",
        "configuration",
        "azure_upgrade_path_not_allowed",
        "one minor version at a time",
    ),
    (
        "The maximum number of data disks allowed to be attached to a VM of this size is 4.",
        "quota",
        "azure_node_disk_limit",
        "bigger size",
    ),
    ("Node pool update via managed cluster not allowed.", "configuration", "azure_pool_change_in_cluster_put", "pool"),
    (
        "Cannot manually scale and enable cluster autoscaler in the same update.",
        "configuration",
        "azure_autoscaler_in_the_way",
        "turn the autoscaler off",
    ),
    ("The moon is in the way.", "unknown", "azure_unknown_error", ""),
)


def refuse(slipway: Slipway, message: str, count: int | None) -> None:
    slipway.azure.add_fault(
        "error",
        operation="ManagedClusters_CreateOrUpdate",
        status=409,
        code="OperationNotAllowed",
        message=message,
        flat=True,
        count=count,
    )


async def test_each_text_ends_the_job_with_its_class_code_and_remedy_and_a_busy_cluster_only_delays_it(
    slipway: Slipway,
) -> None:
    """Trouble 23, scene 8: one code of Azure's with many meanings; the job's problem has the right one."""
    await slipway.create()
    wrong: list[str] = []
    for number, (message, class_, code, remedy) in enumerate(TEXTS):
        slipway.azure.clear_faults()
        refuse(slipway, message, None)
        job = await slipway.ended(await slipway.accepted("PATCH", OWN, {"tags": {"try": str(number)}}))
        problem: dict[str, Any] = job["problem"] or {}
        found = (job["state"], problem.get("class"), problem.get("code"), problem.get("azure", {}).get("message"))
        if found != ("failed", class_, code, message) or remedy not in (problem["remedy"] or ""):
            wrong.append(f"{message}: {found}, {problem.get('remedy')}")
    assert not wrong, "\n".join(wrong)
    # What ended one job is not held against the next.
    assert (await slipway.cluster())["state"] == "ready"

    slipway.azure.clear_faults()
    refuse(slipway, BUSY, 1)
    job_id = await slipway.accepted("PATCH", OWN, {"tags": {"try": "again"}})
    seen: set[str | None] = set()
    while (job := (await slipway.ask("GET", f"/v1/jobs/{job_id}")).json())["finished_at"] is None:
        seen.add(job["waiting_for"])
        await asyncio.sleep(0.02)
    assert job["state"] == "succeeded", job
    assert "another_operation" in seen
