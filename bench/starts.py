"""From a process's start until it is ready, beside the imports alone of the packages of others that it uses."""

import asyncio
import json
import sys
import time
from pathlib import Path

from app.cli.children import Child
from bench.figures import Line
from bench.ports import free_port, until_answers
from bench.slipway import Slipway

_ROUNDS = 2
_IMPORTED = """
import json, sys
import app.cli, {modules}
packages = [name for name, module in sys.modules.items() if "site-packages" in (getattr(module, "__file__", "") or "")]
print(json.dumps(packages))
"""
_IMPORT = """
import contextlib, importlib, json, sys
for name in json.loads(sys.stdin.read()):
    with contextlib.suppress(Exception):
        importlib.import_module(name)
"""
_MODULES = {
    "serve": "app.cli.serve, app.bootstrap, app.main, app.api.server, aiosqlite, uvloop, httptools",
    "worker": "app.cli.worker, app.bootstrap, app.engine.worker, aiosqlite, uvloop",
    "azure": "app.cli.azure, app.emulator.server, uvloop, httptools",
}


async def measure(slipway: Slipway, folder: Path) -> list[Line]:
    """Start each beside a running Slipway, with what its own processes were told."""
    lines = []
    for name, modules in _MODULES.items():
        packages = await _python(_IMPORTED.format(modules=modules))
        ready, bare = [], []
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            await _python(_IMPORT, packages)
            bare.append(time.perf_counter() - began)
            ready.append(await _start(name, slipway, folder))
        lines.append(
            Line(
                name=f"`slipway {name}`, start to ready",
                measured=f"{min(ready):.2f} s",
                compared_with=f"the imports alone of {len(json.loads(packages))} modules of others",
                comparison=f"{min(bare):.2f} s",
                ratio=min(ready) / min(bare),
                grows=f"with the packages that are used, not with what is stored; the faster of {_ROUNDS}",
            )
        )
    return lines


async def _start(name: str, slipway: Slipway, folder: Path) -> float:
    """Seconds until the process says that it is ready; it is ended afterwards."""
    port, log = free_port(), folder / f"start-{name}.log"
    log.unlink(missing_ok=True)
    environment = slipway.environment(SLIPWAY_HTTP__PORT=str(port), SLIPWAY_LOG__FORMAT="json")
    child = Child(name, (name,), log, environment, first_line=name == "azure")
    began = time.perf_counter()
    try:
        await child.start()
        if name == "serve":
            await until_answers(port, "/readyz")
        while name == "worker" and b"worker_started" not in log.read_bytes():
            child.require_alive()
            await asyncio.sleep(0.02)
        return time.perf_counter() - began
    finally:
        await child.stop()


async def _python(source: str, standard_input: str = "") -> str:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await child.communicate(standard_input.encode())
    return told.decode()
