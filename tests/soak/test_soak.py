"""Two seeds of the soak, one on each database; `make soak` runs more."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak.nursery import Nursery
from tests.soak.run import commit, run_seed
from tests.soak.server import DurableServer

pytestmark = [pytest.mark.slow, pytest.mark.first, pytest.mark.timeout(600)]

SEEDS = {"sqlite": 8, "postgresql": 33}
"""Cheap ones, without a fault that has to outlast a lease or a timeout; with kills of both kinds and lost commits."""


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with contextlib.closing(Nursery()) as nursery:
        yield nursery


async def test_a_seed_of_faults_breaks_no_invariant(database_kind: str, nursery: Nursery) -> None:
    # Not in pytest's own temporary folder, for the reasons of `postgresql_server`; and it stays when the seed fails.
    seed, folder = SEEDS[database_kind], Path(tempfile.mkdtemp(prefix="slipway-soak-"))
    server = DurableServer(folder / "data") if database_kind == "postgresql" else None
    try:
        verdict = await run_seed(seed, database_kind, folder, server=server, nursery=nursery)
    finally:
        if server is not None:
            server.server.cleanup()
    assert verdict.violations == [], f"seed {seed} at commit {commit()}; everything of it lies in {folder}"
    shutil.rmtree(folder)
