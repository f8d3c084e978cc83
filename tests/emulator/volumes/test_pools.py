"""Shares on nodes that are not like the others: Windows, and Linux with FIPS (trouble 67)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from tests.emulator.cloud_controller.conftest import scene_for
from tests.emulator.kubernetes.volumes import CLAIMS, claim
from tests.emulator.volumes.conftest import RETRIES, Files
from tests.support.local_azure import start_local_azure

WINDOWS = {"osType": "Windows", "osSKU": "Windows2022", "mode": "User", "count": 1, "vmSize": "Standard_D4s_v5"}
FIPS = {"enableFIPS": True, "mode": "User", "count": 1, "vmSize": "Standard_D4s_v5"}


async def _pool(files: Files, name: str, properties: dict[str, Any]) -> None:
    path = f"{files.scene.arm.cluster()}/agentPools/{name}"
    made = await files.scene.arm.send("PUT", path, {"properties": properties})
    assert made.status == 201, made.text
    await files.scene.advance(530)


async def _ready(files: Files) -> None:
    await files.make_account()
    await files.make_share()
    await files.secret(await files.key())
    await files.bind(mountOptions=["dir_mode=0777"])


async def test_a_windows_node_passes_over_mount_options_and_says_a_stale_key_in_its_own_words(files: Files) -> None:
    await _pool(files, "win", WINDOWS)
    await _ready(files)
    windows = {"kubernetes.io/os": "windows"}
    assert await files.run(nodeSelector=windows) == "Running"
    await files.scene.kube.ask("DELETE", "/api/v1/namespaces/default/pods/web")
    await files.regenerate()
    assert await files.run("next", nodeSelector=windows) == "Pending"
    said = await files.failure("next")
    assert "New-SmbGlobalMapping : The specified network password is not correct." in said
    assert "\\\\files1.file.core.windows.net\\shop" in said


async def test_nodes_with_fips_begin_no_session_of_smb(files: Files) -> None:
    await _pool(files, "fips", FIPS)
    await _ready(files)
    assert await files.run(nodeSelector={"agentpool": "fips"}) == "Pending"
    assert "mount error(2)" in await files.failure()
    assert await files.run("other", nodeSelector={"kubernetes.azure.com/mode": "system"}) == "Running"


async def test_a_restart_keeps_mounts_and_takes_up_what_was_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, clock = LocalAzureOptions(state_file=tmp_path / "azure.json", speed=1.0), ManualClock()
    with start_local_azure(options, clock=clock) as azure:
        azure.register()
        async with scene_for(azure, monkeypatch) as scene:
            files = Files(scene)
            await _ready(files)
            assert await files.run() == "Running"
            await files.regenerate()
            await files.create(CLAIMS, claim("late"))
    with start_local_azure(options, clock=clock) as azure:
        async with scene_for(azure, monkeypatch, fresh=False) as scene:
            files = Files(scene)
            await asyncio.sleep(0)
            assert await files.phase_after(RETRIES) == "Running"
            assert (await files.get(f"{CLAIMS}/late"))["status"]["phase"] == "Bound"
