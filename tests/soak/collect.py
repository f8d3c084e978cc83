"""Gathering the evidence at the end of a run."""

import asyncio
import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from app.db.engine import Database, sync_engine
from app.models import Cluster, Credential, Event, Exposure, Job, JobStep, ResourceGroup
from app.models.base import Base
from tests.processes.process import Process
from tests.soak.evidence import Evidence, Footprint, Row
from tests.soak.made_with import SECRETS
from tests.soak.stage import Stage

_PAGE = os.sysconf("SC_PAGE_SIZE")


async def rows(database: Database, table: type[Base], *order: Any) -> list[Row]:
    """All rows of a table."""
    async with database.read() as session:
        found = await session.execute(select(table.__table__).order_by(*order))
        return [dict(row._mapping) for row in found]


async def collect_rows(evidence: Evidence, database: Database) -> None:
    """Our rows, and DBOS's."""
    evidence.jobs = {row["id"]: row for row in await rows(database, Job, Job.id)}
    evidence.steps = await rows(database, JobStep, JobStep.job_id, JobStep.ordinal)
    evidence.events = await rows(database, Event, Event.transaction_id, Event.sequence)
    evidence.clusters = {row["id"]: row for row in await rows(database, Cluster, Cluster.id)}
    evidence.exposures = await rows(database, Exposure, Exposure.id)
    evidence.groups = await rows(database, ResourceGroup, ResourceGroup.id)
    evidence.credentials = await rows(database, Credential, Credential.id)
    evidence.engine = await engine_states(database)


async def engine_states(database: Database) -> dict[str, str]:
    """DBOS's status of each job."""
    status = sa.table(
        "workflow_status",
        sa.column("workflow_uuid"),
        sa.column("status"),
        schema=None if database.file is not None else "dbos",
    )
    async with database.read() as session:
        return {row.workflow_uuid: row.status for row in (await session.execute(sa.select(status))).all()}


async def collect_machine(evidence: Evidence, stage: Stage, secrets: Iterable[str]) -> None:
    """What the database says of itself, what processes hold, and where secrets lie."""
    database = stage.fleet.database
    evidence.broken_rows = await asyncio.to_thread(_check, database)
    evidence.open_transactions = await asyncio.to_thread(_open_transactions, database)
    processes = [stage.fleet.api, *stage.workers]
    evidence.footprints = [footprint(process) for process in processes]
    if database.file is not None:
        wal = database.file.with_name(database.file.name + "-wal")
        evidence.wal_bytes = wal.stat().st_size if wal.exists() else 0
    evidence.logs = "".join(log.read_text() for log in sorted(stage.folder.glob("*.log")))
    evidence.found_secrets = await asyncio.to_thread(_search, stage, processes, sorted(set(secrets)))


def footprint(process: Process) -> Footprint:
    """What a living process holds, by /proc."""
    folder = Path(f"/proc/{process.popen.pid}")
    resident = int((folder / "statm").read_text().split()[1]) * _PAGE / 1e6
    return Footprint(
        process.log.stem, resident, len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir()))
    )


def _check(database: Database) -> list[str]:
    """D1. PostgreSQL's amcheck is not at hand: all indexes are built anew, which a duplicate or a torn page stops."""
    found: list[str] = []
    engine = sync_engine(database.settings)
    with engine.connect() as connection:
        if database.file is not None:
            said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            found += [text for text in said if text != "ok"]
            found += [str(row) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
        else:
            found += _orphans(connection)
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                connection.rollback()
    if database.file is None:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            try:
                connection.exec_driver_sql(f'REINDEX DATABASE "{database.url.database}"')
            except sa.exc.SQLAlchemyError as error:
                found.append(str(error))
    engine.dispose()
    return found


def _orphans(connection: sa.Connection) -> list[str]:
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            for key in column.foreign_keys:
                other = key.column.table.alias()
                there = sa.exists().where(other.c[key.column.name] == column)
                lost = sa.select(sa.func.count()).select_from(table).where(column.is_not(None), ~there)
                if count := connection.execute(lost).scalar_one():
                    found.append(f"{count} rows of {table.name} have a {column.name} that leads nowhere")
    return found


def _open_transactions(database: Database) -> int:
    """L1: nobody holds a transaction when all is quiet."""
    engine = sync_engine(database.settings)
    try:
        with engine.connect() as connection:
            if database.file is None:
                asked = (
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%' "
                    "AND state_change < now() - interval '2 seconds'"
                )
                return int(connection.execute(sa.text(asked)).scalar_one())
            try:
                # Waits for its turn as any writer does; who never gives his back is seen here.
                connection.exec_driver_sql("UPDATE jobs SET epoch = epoch WHERE id = ''")
            except sa.exc.OperationalError:
                return 1
            connection.rollback()
            return 0
    finally:
        engine.dispose()


def _search(stage: Stage, processes: list[Process], secrets: list[str]) -> list[str]:
    """C1."""
    places = [(str(file), _read(file)) for file in _files(stage)]
    places += [(f"arguments of {p.log.stem}", Path(f"/proc/{p.popen.pid}/cmdline").read_bytes()) for p in processes]
    # These are in the environment rightly: Azure puts its identity's header there, an operator what requests name.
    given = [stage.fleet.about_azure["environment"]["IDENTITY_HEADER"], *SECRETS.values()]
    found = [
        f"{secret[:6]}… ({len(secret)} characters) is in {place}"
        for place, data in places
        for secret in [*secrets, *given]
        if secret.encode() in data
    ]
    for process in processes:
        environment = Path(f"/proc/{process.popen.pid}/environ").read_bytes()
        found += [
            f"{secret[:6]}… is in the environment of {process.log.stem}"
            for secret in secrets
            if secret.encode() in environment
        ]
    return found


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        # PostgreSQL takes its log's old files away meanwhile.
        return b""


def _files(stage: Stage) -> list[Path]:
    """The logs and the database's files. The local Azure's own state holds its secrets rightly."""
    files = [log for log in stage.folder.glob("*.log") if "azure" not in log.name]
    if stage.server is not None:
        stage.server.checkpoint()
        return files + [file for file in stage.server.data.rglob("*") if file.is_file() and "pg_stat" not in str(file)]
    file = stage.fleet.database.file
    assert file is not None
    return files + [path for path in file.parent.glob(file.name + "*") if path.is_file()]
