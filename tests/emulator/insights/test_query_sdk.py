"""azure-monitor-query, which Slipway uses, against the local query service."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity.aio import ManagedIdentityCredential
from azure.monitor.query import LogsQueryStatus
from azure.monitor.query.aio import LogsQueryClient

from tests.emulator.conftest import Arm, LoopbackBearerPolicy
from tests.support.local_azure import LocalAzureForTests

_AUDIENCE = "https://api.loganalytics.io"


async def test_the_sdk_reads_rows_with_their_types_and_refusals_with_their_words(
    arm: Arm, stopped_azure: LocalAzureForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stopped_azure.identity_env.items():
        monkeypatch.setenv(name, value)
    await arm.make_group()
    at = "resourceGroups/g1/providers/Microsoft.OperationalInsights/workspaces/logs"
    made = await arm.send("PUT", at, {"location": "westus2"})
    workspace = made.body["properties"]["customerId"]
    _fill(stopped_azure, workspace)
    async with ManagedIdentityCredential() as credential:
        policy = LoopbackBearerPolicy(credential, f"{_AUDIENCE}/.default")
        client: Any = LogsQueryClient(
            credential, endpoint=stopped_azure.url, audience=_AUDIENCE, authentication_policy=policy, retry_total=0
        )
        async with client:
            found = await client.query_workspace(
                workspace, "KubePodInventory | take 5", timespan=timedelta(hours=1), include_statistics=True
            )
            assert found.status == LogsQueryStatus.SUCCESS
            assert found.statistics["query"]["executionTime"] >= 0
            (row,) = found.tables[0].rows
            assert row["TimeGenerated"] == _now(stopped_azure).replace(microsecond=5)
            assert (row["Name"], row["PodRestartCount"], row["ContainerLastStatus"]) == ("web", 3, '{"reason":"Error"}')
            with pytest.raises(HttpResponseError) as refused:
                await client.query_workspace(workspace, "KubePodInventory | join Usage", timespan=None)
            model: Any = refused.value.model
            assert model.code == "BadArgumentError"
            assert "'join'" in model.message
            with pytest.raises(HttpResponseError, match="WorkspaceNotFoundError") as gone:
                await client.query_workspace("0" * 8 + workspace[8:], "Usage", timespan=None)
            assert gone.value.status_code == 404


def _now(azure: LocalAzureForTests) -> datetime:
    now: datetime = azure.azure.cloud.now().astimezone(UTC)
    return now


def _fill(azure: LocalAzureForTests, workspace: str) -> None:
    async def fill() -> None:
        now = _now(azure)
        row = {
            "TimeGenerated": now.replace(microsecond=5),
            "Name": "web",
            "PodRestartCount": 3,
            "ContainerLastStatus": {"reason": "Error"},
        }
        azure.azure.cloud.logs.add(workspace, "KubePodInventory", [row], now=now, visible=now)

    azure.call(fill())
