"""What DBOS by itself costs: workflows of as many steps as a create has, which do nothing.

Arguments: the SQLite file (migrated), how many workflows, how many steps each. Prints JSON: CPU seconds and MB a
workflow.
"""

import asyncio
import json
import os
import sys
import time

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from pydantic import SecretStr

from app.core.settings import DatabaseSettings
from app.db.engine import Database
from app.engine import migrations
from bench.figures import megabytes


async def _step() -> dict[str, str]:
    return {"ok": "nothing"}


async def main(file: str, count: int, steps: int) -> None:
    """Run all workflows side by side, as a worker does."""
    settings = DatabaseSettings(url=SecretStr(f"sqlite:///{file}"))
    await asyncio.to_thread(migrations.upgrade, settings)
    config: DBOSConfig = {
        "name": "bench",
        "system_database_engine": Database.open(settings).dbos_engine(),
        "serializer": DBOSPortableJSONSerializer(),
        "run_migrations": False,
        "use_listen_notify": False,
        "enable_otlp": False,
        "log_level": "ERROR",
    }
    DBOS(config=config)

    @DBOS.workflow(name="bare")
    async def bare(number: int) -> int:
        for _ in range(steps):
            await DBOS.run_step_async({"name": "step"}, _step)
        return number

    DBOS.launch()
    await DBOS.register_queue_async("bare", worker_concurrency=500, polling_interval_sec=0.5)
    began, memory = time.process_time(), megabytes(os.getpid())
    handles = [await DBOS.enqueue_workflow_async("bare", bare, number) for number in range(count)]
    await asyncio.gather(*(handle.get_result() for handle in handles))
    used, grown = time.process_time() - began, megabytes(os.getpid(), "VmHWM") - memory
    await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
    sys.stdout.write(json.dumps({"cpu_seconds": used / count, "megabytes": grown / count}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
