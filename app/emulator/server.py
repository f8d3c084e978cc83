"""The listeners of a local Azure: HTTP, and HTTPS with a certificate of its own authority."""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from app.emulator.asgi import create_app
from app.emulator.core.clock import Clock
from app.emulator.identity.certificates import loopback_certificate
from app.emulator.local_azure import LocalAzure, LocalAzureOptions
from app.emulator.state_file import replace_file
from app.emulator.transport import LOOPBACK, BreakableProtocol, bind

__all__ = ["LocalAzureOptions", "RunningAzure", "running", "serve"]

GRACE_SECONDS = 2


@dataclass(frozen=True)
class RunningAzure:
    """A local Azure that answers, and what a client has to know of it."""

    azure: LocalAzure
    url: str
    https_url: str
    ca_file: Path

    @property
    def subscription_id(self) -> str:
        """The first subscription."""
        return self.azure.options.subscription_ids[0]

    def environment(self) -> dict[str, str]:
        """For azure-identity's managed identity: the login is a secret, so treat it like one."""
        return {
            "IDENTITY_ENDPOINT": f"{self.url}/msi/token",
            "IDENTITY_HEADER": self.azure.identity_header,
            "AZURE_SUBSCRIPTION_ID": self.subscription_id,
            "AZURE_TENANT_ID": self.azure.options.tenant_id,
        }

    def cli_environment(self) -> dict[str, str]:
        """For `az`, which insists on HTTPS; then `az login --identity` works."""
        return {
            **self.environment(),
            "IDENTITY_ENDPOINT": f"{self.https_url}/msi/token",
            "ARM_CLOUD_METADATA_URL": f"{self.https_url}/metadata/clouds",
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
            "SSL_CERT_FILE": str(self.ca_file),
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        }


class _Listener(uvicorn.Server):
    """A server that leaves the process's signals alone: two of them run here."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(port: int, remembered: int) -> socket.socket:
    if port:
        return bind(port)
    try:
        return bind(remembered)
    except OSError:
        return bind(0)


def _listener(app: ASGIApp, *, certificate: Path | None = None, key: Path | None = None) -> _Listener:
    config = uvicorn.Config(
        app,
        http=BreakableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    return _Listener(config)


@contextlib.asynccontextmanager
async def running(options: LocalAzureOptions, *, clock: Clock | None = None) -> AsyncIterator[RunningAzure]:
    """A local Azure that answers inside the `async with`."""
    with contextlib.ExitStack() as stack:
        azure = LocalAzure(options, clock=clock)
        http = stack.enter_context(_bind(options.port, azure.ports.get("http", 0)))
        https = stack.enter_context(_bind(options.https_port, azure.ports.get("https", 0)))
        azure.ports.update(http=http.getsockname()[1], https=https.getsockname()[1])
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-azure-")))
        leaf = loopback_certificate(azure.authority)
        certificate, key = directory / "certificate.pem", directory / "key.pem"
        replace_file(certificate, leaf.certificate)
        replace_file(key, leaf.key)
        ca_file = options.state_file.with_suffix(".ca.pem") if options.state_file else directory / "ca.pem"
        replace_file(ca_file, azure.authority.certificate)
        app = create_app(azure)
        listeners = [(_listener(app), http), (_listener(app, certificate=certificate, key=key), https)]
        await azure.start()
        tasks = [asyncio.create_task(server.serve(sockets=[bound])) for server, bound in listeners]
        try:
            while not all(server.started for server, _ in listeners):
                if any(task.done() for task in tasks):
                    await asyncio.gather(*tasks)
                await asyncio.sleep(0.005)
            await azure.save()
            yield RunningAzure(
                azure=azure,
                url=f"http://{LOOPBACK}:{azure.ports['http']}",
                https_url=f"https://{LOOPBACK}:{azure.ports['https']}",
                ca_file=ca_file,
            )
        finally:
            for server, _ in listeners:
                server.should_exit = True
            await asyncio.gather(*tasks, return_exceptions=True)
            await azure.stop()


async def serve(options: LocalAzureOptions, ready: Callable[[RunningAzure], None]) -> None:
    """Run a local Azure until this task is cancelled; `ready` is called once when it answers."""
    async with running(options) as azure:
        ready(azure)
        await asyncio.Event().wait()
