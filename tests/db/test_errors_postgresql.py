import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.settings import DatabaseSettings
from app.db.engine import Database
from app.db.errors import (
    BAD_VALUE,
    BUSY,
    CHECK,
    CONNECTION_LOST,
    OVERLOADED,
    READ_ONLY,
    REFERENCE,
    REFUSED,
    SCHEMA,
    STATEMENT_TIMEOUT,
    UNREACHABLE,
    DatabaseError,
    DatabaseFailure,
)
from tests.db.rows import names, project


@pytest.fixture
def database_kind() -> str:
    return "postgresql"


async def failure_of(database: Database, *statements: str) -> DatabaseFailure:
    with pytest.raises(DatabaseError) as caught:
        await run(database, *statements)
    return caught.value.failure


async def run(database: Database, *statements: str) -> None:
    async with database.write() as session:
        for each in statements:
            await session.execute(sa.text(each))


KEY = "INSERT INTO api_keys (id, project_id, name, role, secret_hash, created_by, created_at) VALUES "
INSERT = "INSERT INTO projects (id, name, created_by, created_at, updated_at, version) VALUES "

ROWS: dict[str, tuple[DatabaseFailure, list[str]]] = {
    "57014": (STATEMENT_TIMEOUT, ["SET LOCAL statement_timeout = '10ms'", "SELECT pg_sleep(5)"]),
    "25006": (READ_ONLY, ["SET TRANSACTION READ ONLY", "DELETE FROM jobs"]),
    "42P01": (SCHEMA, ["SELECT * FROM nothing"]),
    "42703": (SCHEMA, ["SELECT nothing FROM projects"]),
    "22P02": (BAD_VALUE, ["SELECT 'x'::text::int"]),
    "22003": (BAD_VALUE, ["SELECT 99999999999::bigint::int"]),
    "23502": (CHECK, [INSERT + "('prj_a', NULL, 'a', now(), now(), 1)"]),
    "23514": (
        CHECK,
        [KEY + "('key_a', NULL, 'a', 'reader', '', 'a', now())"],
    ),
    "23503": (
        REFERENCE,
        [KEY + "('key_a', 'prj_none', 'a', 'reader', '', 'a', now())"],
    ),
}


@pytest.mark.parametrize("state", ROWS)
async def test_an_error_is_told_by_its_sqlstate(database: Database, state: str) -> None:
    expected, statements = ROWS[state]
    failure = await failure_of(database, *statements)
    assert failure.driver_code == state
    assert (failure.code, failure.status, failure.retry_after_seconds) == (
        expected.code,
        expected.status,
        expected.retry_after_seconds,
    )


async def test_a_text_with_nul_is_a_bad_value(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        async with database.write() as session:
            session.add(project("a\x00b"))
    assert caught.value.problem.status == 422


async def test_a_lock_that_is_not_given_in_time_is_busy(
    database: Database, open_database: Callable[[], Database]
) -> None:
    async with database.write() as session:
        await session.execute(sa.text("LOCK TABLE projects"))
        failure = await failure_of(open_database(), "SET LOCAL lock_timeout = '10ms'", "LOCK TABLE projects")
    assert (failure.driver_code, failure.code, failure.retryable) == ("55P03", BUSY.code, True)


async def test_a_serialization_failure_is_retried(database: Database, open_database: Callable[[], Database]) -> None:
    async with database.write() as session:
        session.add(project("one"))
    attempts = 0
    other = open_database()

    async def work(session: AsyncSession) -> None:
        nonlocal attempts
        attempts += 1
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        await session.execute(sa.text("SELECT * FROM projects"))
        if attempts == 1:
            await run(other, "UPDATE projects SET version = version + 1")
        await session.execute(sa.text("UPDATE projects SET version = version + 1"))

    await database.transaction(work)
    assert attempts == 2


async def test_a_session_that_the_server_ends_is_a_lost_connection_and_the_next_works(database: Database) -> None:
    failure = await failure_of(database, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert failure.code == CONNECTION_LOST.code
    assert failure.retryable
    await run(database, "SELECT 1")


async def test_a_connection_that_dies_after_the_last_read_fails_nothing(
    database: Database, open_database: Callable[[], Database]
) -> None:
    async with database.read() as session:
        pid = (await session.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one()
        await run(open_database(), f"SELECT pg_terminate_backend({pid})")
    await run(database, "SELECT 1")


async def test_a_pooled_connection_that_died_unseen_is_replaced(
    database: Database, open_database: Callable[[], Database]
) -> None:
    await run(database, "SELECT 1")
    await run(
        open_database(),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    await run(database, "SELECT 1")


async def test_too_many_connections_are_a_503(database: Database, database_settings: DatabaseSettings) -> None:
    # The limit does not hold for a superuser.
    name = make_url(database_settings.url.get_secret_value()).database
    role = f"few_{name}"
    await run(database, f'CREATE ROLE "{role}" LOGIN CONNECTION LIMIT 0')
    few = Database.open(changed(database_settings, username=role))
    failure = await failure_of(few, "SELECT 1")
    assert (failure.driver_code, failure.code, failure.retry_after_seconds) == ("53300", OVERLOADED.code, 5)
    await few.close()
    await run(database, f'DROP ROLE "{role}"')


async def test_a_database_that_is_not_there_is_refused(database_settings: DatabaseSettings) -> None:
    absent = Database.open(changed(database_settings, database="absent"))
    assert (await failure_of(absent, "SELECT 1")).code == REFUSED.code
    await absent.close()


async def test_a_server_that_is_down_is_a_503(database_settings: DatabaseSettings, tmp_path: Path) -> None:
    down = Database.open(changed(database_settings, host=str(tmp_path)))
    failure = await failure_of(down, "SELECT 1")
    assert (failure.code, failure.retry_after_seconds, failure.outcome_unknown) == (UNREACHABLE.code, 5, False)
    await down.close()


def changed(settings: DatabaseSettings, *, host: str | None = None, **parts: str) -> DatabaseSettings:
    url = make_url(settings.url.get_secret_value()).set(**parts)  # type: ignore[arg-type]  # all of them are texts
    if host is not None:
        url = url.update_query_dict({"host": host})
    return DatabaseSettings(url=SecretStr(url.render_as_string(hide_password=False)))


@pytest.fixture
async def cut_after_commit(
    database_settings: DatabaseSettings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """A database behind a proxy that carries a COMMIT to the server and keeps its answer."""
    # A socket's path may have 107 bytes only.
    folder = tmp_path_factory.mktemp("cut")
    query = make_url(database_settings.url.get_secret_value()).query
    server_socket = Path(str(query["host"])) / ".s.PGSQL.5432"

    async def serve(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(str(server_socket))
        cut = asyncio.Event()

        async def forward() -> None:
            while data := await client.read(65536):
                if b"COMMIT" in data:
                    cut.set()
                to_server.write(data)

        async def back() -> None:
            while data := await server.read(65536):
                if cut.is_set():
                    return
                to_client.write(data)

        with contextlib.suppress(ConnectionError):
            _, running = await asyncio.wait(
                [asyncio.create_task(forward()), asyncio.create_task(back())], return_when=asyncio.FIRST_COMPLETED
            )
            for task in running:
                task.cancel()
        for writer in (to_client, to_server):
            writer.close()

    proxy = await asyncio.start_unix_server(serve, folder / ".s.PGSQL.5432")
    database = Database.open(changed(database_settings, host=str(folder)))
    yield database
    await database.close()
    proxy.close()


async def test_a_commit_whose_answer_is_lost_has_an_unknown_outcome(
    cut_after_commit: Database, database: Database
) -> None:
    attempts = 0

    async def work(session: AsyncSession) -> None:
        nonlocal attempts
        attempts += 1
        session.add(project("one"))

    with pytest.raises(DatabaseError) as caught:
        await cut_after_commit.transaction(work)
    assert caught.value.failure.outcome_unknown
    assert caught.value.problem.code == "outcome_unknown"
    # Not repeated: it was stored.
    assert attempts == 1
    assert await names(database) == ["one"]
