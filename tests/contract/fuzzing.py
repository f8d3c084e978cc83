"""schemathesis against a whole Slipway of two tenants. `make fuzz`: `python -m tests.contract.fuzzing SEED SECONDS`."""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

import structlog

from app.core.settings import DatabaseSettings
from app.db import migrations
from tests.contract.serving import served
from tests.support.api import add_tenant
from tests.support.database import sqlite_settings
from tests.support.local_azure import LocalAzureForTests, start_local_azure

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]


async def schemathesis(
    azure: LocalAzureForTests, database: DatabaseSettings, folder: Path, *options: str
) -> tuple[int, str]:
    """Run it as the admin of one of two projects; return its exit status and what it printed."""
    async with served(azure, database) as (slipway, url):
        # Longer waits say nothing more.
        slipway.parts.settings.http.max_wait_seconds = 1
        other = await add_tenant(slipway.parts.database, "other")
        keys = {"shop": slipway.tenant.admin, "other": other.admin}
        tenants = folder / "tenants.json"
        tenants.touch(mode=0o600)
        headers = {name: [{"name": "Authorization", "value": f"Bearer {key}"}] for name, key in keys.items()}
        entries = [{"name": name, "fixedHeaders": fixed} for name, fixed in headers.items()]
        tenants.write_text(json.dumps({"auth": entries}))
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("st"),
            f"--config-file={FOLDER / 'schemathesis.toml'}",
            "run",
            "openapi/openapi.json",
            f"--url={url}",
            "--no-color",
            *options,
            cwd=ROOT,
            env=os.environ
            | {
                "SLIPWAY_TENANTS": str(tenants),
                "SLIPWAY_OWN_KEYS": " ".join(f"key_{key.split('_')[1]}" for key in keys.values()),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()


def main() -> int:
    """Fuzz with a seed for so many seconds; 1 when something was found."""
    _, seed, seconds = sys.argv
    options = ("--phases=fuzzing,stateful", f"--seed={seed}", f"--max-time={seconds}", "--max-examples=30")
    with tempfile.TemporaryDirectory(prefix="slipway-fuzz-") as name, start_local_azure() as azure:
        folder = Path(name)
        log = folder / "slipway.log"
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=log.open("w")))
        database = sqlite_settings(folder / "slipway.sqlite3")
        migrations.upgrade(database)
        azure.register()
        status, output = asyncio.run(schemathesis(azure, database, folder, *options))
    sys.stdout.write(output)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
