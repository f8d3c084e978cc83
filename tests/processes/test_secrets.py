"""After a run: is a secret anywhere where none should lie (RELIABILITY.md, C1)?"""

import asyncio
import base64
import re
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from app.core.settings import DatabaseSettings
from tests.processes.fleet import Fleet
from tests.processes.process import Process
from tests.support.api import bearer
from tests.support.database import PostgreSQLServer

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

_MARK = "sought-everywhere"
_TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
    " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
)


async def test_no_key_token_or_kubeconfig_lies_in_logs_databases_or_processes(
    fleet: Fleet, request: pytest.FixtureRequest
) -> None:
    """The cluster's name, which is no secret, is found in each of the places: so they were searched."""
    worker = fleet.spawn_worker()
    answer = await fleet.ask("POST", "/v1/clusters", {**_CLUSTER, "name": _MARK, "generate_ssh_key": True})
    assert answer.status_code == 202, answer.text
    await fleet.all_succeed([answer.json()["job"]["id"]])
    secrets = {"API key": fleet.tenant.admin.split("_", 2)[2].encode()}
    secrets |= _lines("SSH key", answer.json()["ssh_private_key"])
    for kind, reason in (("user", None), ("admin", "a test")):
        issued = await fleet.http.post(
            f"/v1/clusters/{_MARK}/credentials",
            json={"kind": kind, "reason": reason},
            headers=bearer(fleet.tenant.admin),
        )
        assert issued.is_success, issued.text
        secrets |= _of_kubeconfig(issued.json()["kubeconfig"])
    secrets |= {f"Azure's token {number}": token.encode() for number, token in enumerate(fleet.wire.tokens)}
    assert len(secrets) > 10

    places = await asyncio.to_thread(_places, fleet, [fleet.api, worker], request)
    seen = {name for name, data in places.items() if _MARK.encode() in data}
    assert seen == {"logs", "rows", "files"}
    assert [f"{name} in {place}" for place, data in places.items() for name in _found(secrets, data)] == []


_CLUSTER = {"location": "westeurope", "node_count": 1, "node_size": "Standard_D4s_v5"}


def _lines(name: str, text: str) -> dict[str, bytes]:
    """A secret of several lines, line by line: a log or a JSON text breaks it up."""
    lines = [line.strip() for line in text.splitlines() if len(line) >= 20 and not line.startswith("-----")]
    return {f"{name}, line {number}": line.encode() for number, line in enumerate(lines, 1)}


def _of_kubeconfig(text: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, value in re.findall(r"\b(client-key-data|token): (\S+)", text):
        found[f"{name} {value[-8:]}"] = value.encode()
        if name == "client-key-data":
            found |= _lines(f"client key {value[-8:]}", base64.b64decode(value).decode())
    assert found
    return found


def _found(secrets: Mapping[str, bytes], data: bytes) -> Iterable[str]:
    return [name for name, secret in secrets.items() if secret in data]


def _places(fleet: Fleet, processes: Iterable[Process], request: pytest.FixtureRequest) -> dict[str, bytes]:
    """What logs, processes, the database's files and its rows hold. PostgreSQL compresses long values in its files."""
    url = make_url(fleet.settings.url.get_secret_value())
    if url.get_backend_name() == "sqlite":
        rows, files = _sqlite_rows(str(url.database)), _files(fleet.folder.glob("slipway.sqlite3*"))
    else:
        server: PostgreSQLServer = request.getfixturevalue("postgresql_server")
        server.execute(sql.SQL("CHECKPOINT"))
        rows, files = _postgresql_rows(fleet.settings), _files(Path(server.server.pgdata).rglob("*"))
    shown = {
        f"{process.command}'s {file}": Path(f"/proc/{process.popen.pid}/{file}").read_bytes()
        for process in processes
        for file in ("cmdline", "environ")
    }
    return {"logs": _files(process.log for process in processes), "rows": rows, "files": files, **shown}


def _files(files: Iterable[Path]) -> bytes:
    return b"\n".join(file.read_bytes() for file in files if file.is_file())


def _sqlite_rows(file: str) -> bytes:
    with sqlite3.connect(file) as connection:
        return "\n".join(connection.iterdump()).encode()


def _postgresql_rows(settings: DatabaseSettings) -> bytes:
    with psycopg.connect(settings.url.get_secret_value()) as connection:
        tables = connection.execute(_TABLES).fetchall()
        select = sql.SQL("SELECT t::text FROM {} t")
        return "\n".join(
            row[0]
            for schema, table in tables
            for row in connection.execute(select.format(sql.Identifier(schema, table)))
        ).encode()
