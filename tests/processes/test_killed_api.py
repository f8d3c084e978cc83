"""The API, killed between the commit and its answer."""

import asyncio
import os
import signal
import sqlite3

import httpx2
import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from app.core.settings import DatabaseSettings
from app.models import Cluster, Job
from tests.processes.conftest import ONE_DATABASE
from tests.processes.fleet import Fleet
from tests.support.whole import CLUSTER

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

TRIES = 8


def _kill_once_committed(settings: DatabaseSettings, key: str, pid: int) -> None:
    """Kill the process in the very moment in which another connection sees what it has committed. Blocks."""
    found = "SELECT count(*) FROM idempotency_keys WHERE key = "
    url = make_url(settings.url.get_secret_value())
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        file = sqlite3.connect(url.database, isolation_level=None)
        while file.execute(found + "?", (key,)).fetchone() == (0,):
            pass
        os.kill(pid, signal.SIGKILL)
        file.close()
        return
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as server:
        while server.execute(found + "%s", (key,)).fetchone() == (0,):
            pass
        os.kill(pid, signal.SIGKILL)


async def _rows(fleet: Fleet, name: str) -> tuple[int, int]:
    """How many clusters of the name there are, and jobs for them."""
    async with fleet.database.read() as session:
        clusters = await session.scalar(select(func.count()).select_from(Cluster).where(Cluster.name == name))
        jobs = await session.scalar(select(func.count()).select_from(Job).where(Job.target_name == name))
    return clusters or 0, jobs or 0


@ONE_DATABASE
async def test_repeating_a_request_whose_answer_was_lost_in_a_crash_gives_the_job_that_it_had_made(
    fleet: Fleet,
) -> None:
    """Tried until the kill falls between the commit and the answer; each try ends with one cluster and one job."""
    jobs: list[str] = []
    unanswered = 0
    tried = 0
    while unanswered == 0 and tried < TRIES:
        name = f"settled{tried}"
        tried += 1
        body = {**CLUSTER, "name": name, "generate_ssh_key": False, "ssh_public_key": SSH_KEY}
        killer = asyncio.create_task(asyncio.to_thread(_kill_once_committed, fleet.settings, name, fleet.api.popen.pid))
        try:
            first = await fleet.ask("POST", "/v1/clusters", body, Idempotency_Key=name)
        except httpx2.TransportError:
            unanswered += 1
            first = None
        await killer
        await fleet.api.ended()
        assert await _rows(fleet, name) == (1, 1)

        await fleet.start_api()
        second = await fleet.ask("POST", "/v1/clusters", body, Idempotency_Key=name)
        third = await fleet.ask("POST", "/v1/clusters", body, Idempotency_Key=name)
        assert second.status_code == 202, second.text
        assert third.content == second.content
        assert first is None or first.content == second.content
        assert await _rows(fleet, name) == (1, 1)
        jobs.append(second.json()["job"]["id"])
    assert unanswered > 0, f"all {tried} answers came before the kill"
    await fleet.worker()
    await fleet.all_succeed(jobs)
    assert len(fleet.control.puts()) == tried


SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILkjQBqrl+A0uPwZ7YyEVUGdMnnxHqgIKsPRcrSBEBiC dev@example"
