"""`slipway dev` in real processes."""

import os
import signal
import socket
import stat
from pathlib import Path
from uuid import uuid4

import pytest

from app.cli.client import RequestError
from tests.cli.running import CLUSTER, Dev, lives, running_dev, slipway, until
from tests.support.database import PostgreSQLServer

pytestmark = pytest.mark.slow


async def create(dev: Dev, name: str) -> str:
    answer = await dev.client.change("POST", "/v1/clusters", {**CLUSTER, "name": name}, idempotency_key=str(uuid4()))
    return str(answer["job"]["id"])


async def succeeded(dev: Dev, job_id: str) -> bool:
    job = await dev.client.get(f"/v1/jobs/{job_id}?wait=15")
    while job["finished_at"] is None:
        job = await dev.client.get(f"/v1/jobs/{job_id}?wait=15")
    assert job["state"] == "succeeded", job
    return True


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.mark.first
async def test_whatever_dies_comes_back_and_all_ends_together(tmp_path: Path) -> None:
    async with running_dev(tmp_path) as dev:
        facts = dev.facts()
        assert set(facts) == {
            "url",
            "api_key",
            "azure_url",
            "azure_https_url",
            "azure_ca_file",
            "subscription_id",
            "pids",
        }
        assert stat.S_IMODE(dev.ready_file.stat().st_mode) == 0o600
        assert all(lives(pid) for pid in facts["pids"].values())
        for file in (tmp_path / "state").iterdir():
            assert file.name == "dev.lock" or stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file

        job_id = await create(dev, "blue")
        kill(facts["pids"]["worker"])
        await dev.restarted("worker", facts["pids"]["worker"])
        assert await succeeded(dev, job_id)

        kill(facts["pids"]["azure"])
        await dev.restarted("azure", facts["pids"]["azure"])
        assert dev.facts()["azure_url"] == facts["azure_url"]
        assert (await dev.client.get("/v1/clusters/blue"))["state"] == "ready"
        assert b"current-context" in await dev.client.post_for_yaml("/v1/clusters/blue/credentials")

        killed = dev.facts()["pids"]
        for pid in killed.values():
            kill(pid)
        for name in ("api", "worker", "azure"):
            await dev.restarted(name, killed[name])
        pids = dev.facts()["pids"]
        assert dev.facts()["url"] == facts["url"]
        assert dev.facts()["api_key"] == facts["api_key"]

        assert await dev.stopped() == 0
        assert not dev.ready_file.exists()
        assert not any(lives(pid) for pid in pids.values())


async def test_on_postgresql_a_killed_dev_leaves_no_orphans(
    tmp_path: Path, postgresql_server: PostgreSQLServer
) -> None:
    _, settings = postgresql_server.create()
    async with running_dev(tmp_path, "--database", settings.url.get_secret_value()) as dev:
        job_id = await create(dev, "green")
        assert await succeeded(dev, job_id)
        assert not (tmp_path / "state" / "slipway.sqlite3").exists()
        pids = dev.facts()["pids"]
        kill(dev.process.pid)
        await dev.process.wait()
        await until(lambda: not any(lives(pid) for pid in pids.values()))
        with pytest.raises(RequestError, match="does not answer"):
            await dev.client.get("/v1/me")


async def test_a_taken_port_is_named_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, output = await slipway("dev", "--state-dir", str(tmp_path / "s"), "--port", port, home=tmp_path)
    assert code == 1
    assert f"Port {port} of 127.0.0.1 cannot be used" in output
    assert "--port" in output
    assert "Traceback" not in output


async def test_a_child_that_does_not_come_up_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    url = "postgresql://planted:hunter2@127.0.0.1:9/nowhere"
    code, output = await slipway(
        "dev", "--state-dir", str(tmp_path / "s"), "--port", "0", "--database", url, home=tmp_path
    )
    assert code == 1
    assert "migrate ended with exit code 1. The end of its log" in output
    assert "hunter2" not in output


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--speed", "0", "a number above 0"),
        ("--speed", "nan", "a number above 0"),
        ("--port", "70000", "0<=x<=65535"),
        ("--database", "mysql://root:hunter2@db/x", "postgresql://USER"),
        ("--ready-file", "/nowhere/at/all.json", "no folder /nowhere/at"),
        ("--state-dir", "/proc/nowhere", "choose another --state-dir"),
    ],
)
async def test_a_wrong_option_is_told_with_what_to_give(tmp_path: Path, option: str, value: str, told: str) -> None:
    code, output = await slipway("dev", option, value, home=tmp_path)
    assert code in {1, 2}
    assert told in " ".join(output.split())
    assert "hunter2" not in output
    assert "Traceback" not in output
