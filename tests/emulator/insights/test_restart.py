"""A restart with `--state` keeps the add-on, its agents and rules; what workspaces held is forgotten."""

from pathlib import Path

import aiohttp

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import Arm
from tests.emulator.insights.conftest import Monitored, Site
from tests.support.local_azure import LocalAzureForTests, start_local_azure


def _monitored(azure: LocalAzureForTests, session: aiohttp.ClientSession) -> Monitored:
    return Monitored(Site(Arm(azure, session, azure.token()), azure))


async def test_agents_go_on_after_a_restart(tmp_path: Path) -> None:
    options = LocalAzureOptions(state_file=tmp_path / "azure.json", speed=1.0)
    clock = ManualClock()
    async with aiohttp.ClientSession() as session:
        with start_local_azure(options, clock=clock) as azure:
            azure.register()
            before = _monitored(azure, session)
            await before.site.arm.make_group()
            azure.add_fault("error", operation="Agents_Start", path="ama-logs-windows$", count=None)
            await before.begin()
            before.wait(5)
            assert (await before.counts())["KubeNodeInventory"] > 0
            agents = {node: pod["metadata"]["uid"] for node, pod in before.site.agents().items()}
        with start_local_azure(options, clock=clock) as azure:
            after = _monitored(azure, session)
            after.workspace = before.workspace
            assert (await after.counts())["KubeNodeInventory"] == 0
            after.wait(5)
            assert {node: pod["metadata"]["uid"] for node, pod in after.site.agents().items()} == agents
            # The fault is gone with the process that had it, so that the last agent runs too.
            ready = [one["status"]["numberReady"] for one in after.site.objects("daemonsets.apps", "kube-system")
                     if one["metadata"]["name"].startswith("ama-logs")]  # fmt: skip
            assert sorted(ready) == [1, 3]
            assert (await after.counts())["KubeNodeInventory"] > 0
