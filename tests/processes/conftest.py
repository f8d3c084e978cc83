from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.processes.fleet import Fleet, running_fleet
from tests.support.database import KINDS, PostgreSQLServer, sqlite_settings

ONE_DATABASE = pytest.mark.parametrize("fleet_of_session", KINDS[:1], indirect=True)
"""For tests in which the database plays no part."""


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=KINDS)
async def fleet_of_session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fleet]:
    """Azure and the API as processes: a start of one costs seconds."""
    folder: Path = tmp_path_factory.mktemp(f"fleet-{request.param}")
    if request.param == "sqlite":
        settings = sqlite_settings(folder / "slipway.sqlite3")
    else:
        server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
        _, settings = server.create()
    async with running_fleet(folder, settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(fleet_of_session: Fleet) -> Fleet:
    """An API and an empty Azure; workers are the test's own."""
    await fleet_of_session.renew()
    return fleet_of_session
