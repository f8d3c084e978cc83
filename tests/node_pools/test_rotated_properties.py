"""What a pool has under Azure's own names, and Azure cannot change, comes by a rotation."""

from typing import Any

from tests.node_pools.test_pools import PATH, WORKERS, pool
from tests.support.whole import Slipway


async def test_what_azure_alone_names_of_a_pool_comes_by_a_rotation_too(slipway: Slipway) -> None:
    """Trouble 50: what is not named stays, and null takes it away."""
    await slipway.create()
    given = {"kubeletDiskType": "OS", "workloadRuntime": "OCIContainer"}
    await slipway.done("POST", PATH, {**WORKERS, "azure_properties": given})
    asked = {"azure_properties": {"enableEncryptionAtHost": True, "workloadRuntime": None}}
    (refused,) = (await slipway.ask("PATCH", f"{PATH}/workers", asked)).json()["errors"]
    assert (refused["code"], refused["pointer"]) == ("immutable", "/azure_properties/enableEncryptionAtHost")
    assert "node-pools/{pool}:rotate" in refused["detail"]
    plan = (await slipway.ask("POST", f"{PATH}/workers:rotate?plan=true", asked)).json()
    assert {change["path"] for change in plan["changes"]} == {
        "/azure_properties/enableEncryptionAtHost",
        "/azure_properties/workloadRuntime",
    }

    await slipway.done("POST", f"{PATH}/workers:rotate", asked)

    after = await pool(slipway)
    assert after["azure_properties"] == {"kubeletDiskType": "OS", "enableEncryptionAtHost": True}
    azure_id = (await slipway.cluster())["observed"]["azure_id"]

    async def of_azure() -> dict[str, Any]:
        found = slipway.azure.azure.cloud.store.get(f"{azure_id}/agentPools/{after['azure_name']}")
        assert found is not None
        return dict(found.body["properties"])

    assert slipway.azure.call(of_azure())["enableEncryptionAtHost"] is True
    await slipway.done("PATCH", f"{PATH}/workers", {"azure_properties": {"workloadRuntime": "OCIContainer"}})
    assert (await pool(slipway))["azure_properties"] == {**given, "enableEncryptionAtHost": True}
