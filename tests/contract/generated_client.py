"""A client that openapi-python-client made of openapi/openapi.json, and nothing else."""

import asyncio
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

NAME = "slipway_client"
ROOT = Path(__file__).parents[2]


async def run(*command: str, folder: Path) -> str:
    """Run one of the environment's commands to its good end; return its output."""
    program, *arguments = command
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name(program)),
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def generate(folder: Path) -> Path:
    """Make the client's package in this folder; a warning of the generator is an error."""
    settings = folder / "generator.yaml"
    # Its formatting is nobody's concern.
    settings.write_text("post_hooks: []\n")
    await run(
        "openapi-python-client",
        "generate",
        f"--path={ROOT / 'openapi' / 'openapi.json'}",
        f"--output-path={folder / NAME}",
        f"--config={settings}",
        "--meta=none",
        "--fail-on-warning",
        folder=folder,
    )
    return folder / NAME


class GeneratedClient:
    """The package, imported, and its client with a key."""

    def __init__(self, url: str, key: str) -> None:
        self.models: ModuleType = self._module("models")
        self.client = self._module("client").AuthenticatedClient(
            base_url=url, token=key, raise_on_unexpected_status=True, timeout=None
        )

    def _module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{NAME}.{name}")

    async def call(self, operation: str, *values: str, **parameters: Any) -> Any:
        """Call `clusters.create_cluster`; return the model of its answer, which is no problem."""
        answer = await self._module(f"api.{operation}").asyncio(*values, client=self.client, **parameters)
        assert not isinstance(answer, self.models.Problem), answer
        return answer

    async def succeeded(self, accepted: Any) -> Any:
        """The job of an answer 202, once it has ended well."""
        job = await self.call("jobs.get_job", accepted.job.id, wait=60)
        assert job.state == "succeeded", job
        return job
