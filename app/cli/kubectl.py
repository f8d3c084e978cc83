"""kubectl, and what stands in for it where there is none."""

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from app.core.settings import KubernetesSettings
from app.kubernetes.errors import KubernetesError
from app.kubernetes.gateway import KubernetesGateway

# Where `make tools` puts it.
_TAKEN = Path(__file__).resolve().parents[2] / ".tools" / "kubectl"
_SECONDS = 30.0
_LOOPBACK = "127.0.0.1"


class KubectlError(Exception):
    """The cluster did not answer as it should; the message is what was said."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """A kubectl and the kubeconfig that it is to use."""

    binary: Path
    kubeconfig: Path

    def shown(self, *arguments: str) -> str:
        """The command as a person would type it."""
        name = "kubectl" if shutil.which("kubectl") == str(self.binary) else str(self.binary)
        return " ".join((name, *arguments))

    async def run(self, *arguments: str, document: str = "") -> str:
        """Return what it printed, without escape codes; it reads the document. Raises KubectlError."""
        process = await asyncio.create_subprocess_exec(
            self.binary,
            f"--request-timeout={_SECONDS:.0f}s",
            *arguments,
            # HOME: its discovery cache stays out of the user's home.
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.kubeconfig.parent)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(document.encode()), _SECONDS)
        except TimeoutError:
            raise KubectlError(f"kubectl did not end within {_SECONDS:.0f} s.") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        text = Text.from_ansi(output.decode(errors="replace")).plain.strip()
        if process.returncode != 0:
            raise KubectlError(text)
        return text


def find_kubectl(kubeconfig: Path) -> Kubectl | None:
    """The installed kubectl, else the one that `make tools` took, else None."""
    installed = shutil.which("kubectl")
    binary = Path(installed) if installed else _TAKEN
    return Kubectl(binary, kubeconfig) if os.access(binary, os.X_OK) else None


async def read_without_kubectl(kubeconfig: Path, *, fqdn: str) -> list[str]:
    """The same facts through Slipway's own Kubernetes client, as lines. Raises KubectlError."""
    gateway = KubernetesGateway.open(KubernetesSettings(allowed_server_hosts=[_LOOPBACK]))
    try:
        config = await gateway.read_kubeconfig(kubeconfig.read_bytes(), fqdns=[fqdn])
        async with gateway.connect(config) as client:
            facts = await client.facts()
    except KubernetesError as error:
        raise KubectlError(str(error)) from error
    return [
        f"Server version        v{facts.version}",
        f"Control plane         {config.server}",
        *(
            f"Node                  {node.name}   {'Ready' if node.ready else 'NotReady'}   v{node.kubernetes_version}"
            for node in facts.nodes
        ),
        f"System pods ready     {facts.system_pods.ready} of {facts.system_pods.total}",
    ]
