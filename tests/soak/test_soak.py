"""Two seeds of the soak, one on each database; `make soak` runs more."""

from pathlib import Path

import pytest

from tests.soak.run import commit, run_seed
from tests.soak.server import DurableServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SEEDS = {"sqlite": 7, "postgresql": 7}


async def test_a_seed_of_faults_breaks_no_invariant(database_kind: str, tmp_path: Path) -> None:
    seed = SEEDS[database_kind]
    server = DurableServer(tmp_path / "data") if database_kind == "postgresql" else None
    try:
        verdict = await run_seed(seed, database_kind, tmp_path, server=server)
    finally:
        if server is not None:
            server.server.cleanup()
    assert verdict.violations == [], f"seed {seed} at commit {commit()}; everything of it lies in {tmp_path}"
