"""The kubectls of this machine, and a cluster's kubeconfig for one of them."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_TAKEN = Path(__file__).parents[3] / ".tools" / "kubectl"


@dataclass(frozen=True)
class Kubectl:
    """One kubectl with a kubeconfig."""

    path: str
    environment: dict[str, str]

    async def start(self, *arguments: str, stdin: bool = False) -> asyncio.subprocess.Process:
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        return await asyncio.create_subprocess_exec(
            self.path, *arguments, env=self.environment, stdin=pipe if stdin else nothing, stdout=pipe, stderr=pipe
        )

    async def run(self, *arguments: str, text: str | None = None) -> tuple[int | None, str]:
        """Return its exit code and all that it said."""
        process = await self.start(*arguments, stdin=text is not None)
        out, err = await asyncio.wait_for(process.communicate(text.encode() if text else None), 60)
        return process.returncode, (out + err).decode()

    async def __call__(self, *arguments: str) -> str:
        """Return what it printed; fail where it failed."""
        process = await self.start(*arguments)
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()


def _candidates() -> Iterator[str]:
    yield from filter(None, os.environ.get("SLIPWAY_TEST_KUBECTLS", "").split(os.pathsep))
    installed = shutil.which("kubectl")
    if installed:
        # Some distributions have one of each version beside it.
        siblings = [str(path) for path in Path(installed).resolve().parent.iterdir()]
        yield from (path for path in siblings if re.fullmatch(r".*/kubectl\.1\.\d+", path))
        yield installed
    if _TAKEN.exists():
        yield str(_TAKEN)


@lru_cache(maxsize=1)
def kubectls() -> dict[int, str]:
    """Return the kubectls that can be had, by minor version, the oldest first."""
    found: dict[int, str] = {}
    for path in _candidates():
        said = subprocess.run([path, "version", "--client", "-o", "json"], capture_output=True, check=False)
        if said.returncode == 0:
            minor = int(json.loads(said.stdout)["clientVersion"]["minor"].rstrip("+"))
            found.setdefault(minor, path)
    return dict(sorted(found.items()))


def configured(path: str, kubeconfig: bytes, home: Path) -> Kubectl:
    """Return a kubectl whose kubeconfig and cache lie in `home`."""
    config = home / "kubeconfig"
    config.touch(mode=0o600)
    config.write_bytes(kubeconfig)
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    return Kubectl(path, {**kept, "HOME": str(home), "KUBECONFIG": str(config)})
