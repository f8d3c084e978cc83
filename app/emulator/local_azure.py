"""One local Azure, put together: cloud, providers, Kubernetes APIs, tokens, certificates, state."""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.emulator.cluster_faults import ClusterFaults
from app.emulator.cluster_logins import ClusterLogins
from app.emulator.core import operations, store
from app.emulator.core.clock import Clock, SystemClock
from app.emulator.core.cloud import Cloud, CloudSettings
from app.emulator.core.documents import Document
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.pipeline import Pipeline
from app.emulator.identity.certificates import KeyPair, new_authority
from app.emulator.identity.tokens import TokenIssuer, new_key
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers import (
    authorization,
    compute,
    containerservice,
    insights,
    key_vault,
    managed_identity,
    network,
    operational_insights,
    resources,
    storage,
)
from app.emulator.state_file import FORMAT, StateFile, load_state
from app.emulator.state_fragments import StateFragments

logger = logging.getLogger(__name__)

DEFAULT_SUBSCRIPTION_ID = "0d5a1f3e-7c2b-4e8a-9f60-51c9a2b7d401"
DEFAULT_TENANT_ID = "7a4c2e90-3b1d-4f5e-8a6c-2d9e0f1b3c58"
DEFAULT_SPEED = 60.0
SAVE_INTERVAL_SECONDS = 0.5


@dataclass(frozen=True)
class LocalAzureOptions:
    """How a local Azure runs. It listens on 127.0.0.1 only."""

    port: int = 0
    """HTTP; 0 takes a free one, the one of last time where the state knows it."""
    https_port: int = 0
    state_file: Path | None = None
    """Where the state is kept; without it, it ends with the process."""
    speed: float = DEFAULT_SPEED
    """Divides every duration: at 60 a cluster takes 5 s in place of 300. Never scales throttling."""
    seed: int = 1
    """Decides names, addresses and the draws of faults."""
    subscription_ids: tuple[str, ...] = (DEFAULT_SUBSCRIPTION_ID,)
    tenant_id: str = DEFAULT_TENANT_ID
    latency: bool = True
    """Whether a single call takes its (scaled) time."""
    throttling: bool = True
    page_size: int = 250
    public_ip_limit: int = 1_000
    """Public addresses that a subscription may have in one region."""
    token_key: bytes | None = None
    """The RSA key (PEM) that signs tokens; without it that of the state, or a new one."""

    def __post_init__(self) -> None:
        """Refuse a speed that is not positive."""
        if not self.speed > 0:
            raise ValueError("the speed must be greater than 0")


class LocalAzure:
    """A local Azure without its listeners."""

    def __init__(self, options: LocalAzureOptions, *, clock: Clock | None = None) -> None:
        """Load the state, or begin with an empty subscription."""
        self.options = options
        saved = load_state(options.state_file) if options.state_file is not None else {}
        self._saved_clusters: dict[str, Document] = saved.get("kubernetes", {})
        secret = saved.get("identity", {})
        self.identity_header: str = secret.get("header") or secrets.token_urlsafe(24)
        self._token_key: str = secret.get("token_key") or (options.token_key or new_key()).decode()
        authority = saved.get("authority")
        self.authority = (
            KeyPair(authority["certificate"].encode(), authority["key"].encode()) if authority else new_authority()
        )
        self.ports: dict[str, int] = saved.get("ports", {})
        clock = clock or SystemClock()
        self.host = ClusterHost(now=clock.now, plan=self._plan)
        settings = CloudSettings(
            tenant_id=options.tenant_id,
            subscription_ids=tuple(subscription.lower() for subscription in options.subscription_ids),
            page_size=options.page_size,
            latency=options.latency,
            throttling=options.throttling,
            public_ip_limit=options.public_ip_limit,
        )
        providers = (
            resources.provider(),
            containerservice.provider(self.host, self._saved_clusters),
            compute.provider(),
            network.provider(),
            managed_identity.provider(),
            authorization.provider(),
            storage.provider(),
            operational_insights.provider(),
            insights.provider(),
            key_vault.provider(),
        )
        self.cloud = Cloud(settings, clock, providers, speed=options.speed, seed=options.seed)
        self._load(saved)
        self.tokens = TokenIssuer(key_pem=self._token_key.encode(), tenant_id=options.tenant_id, clock=clock)
        self.host.log_in_by(ClusterLogins(self.cloud, self.tokens))
        self.host.stand_before(lambda key, app: ClusterFaults(app, self.cloud, key))
        self._pipeline = Pipeline(self.cloud, self.tokens)
        self._fragments = StateFragments(self.host)
        self._state_file = StateFile(options.state_file, self._collect) if options.state_file else None
        self._saved_version = -1
        self._tasks: list[asyncio.Task[None]] = []

    def _plan(self, key: tuple[str, ...], seconds: float, action: Callable[[], None]) -> None:
        """Let something happen in a cluster after so many seconds of a real one."""

        async def act(_at: datetime) -> None:
            action()

        self.cloud.plan(("kubernetes", *key), self.cloud.now() + self.cloud.scaled(seconds), act)

    def _load(self, saved: Document) -> None:
        for document in saved.get("resources", ()):
            self.cloud.store.bring_back(store.restore(document))
        self.cloud.overrides.update(saved.get("overrides", {}))
        for document in saved.get("operations", ()):
            self.cloud.operations.add(operations.restore(document))

    def _collect(self) -> bytes:
        fixed = {
            "format": FORMAT,
            "identity": {"header": self.identity_header, "token_key": self._token_key},
            "authority": {
                "certificate": self.authority.certificate.decode(),
                "key": self.authority.key.decode(),
            },
            "ports": self.ports,
            "overrides": self.cloud.overrides,
            "operations": [operations.dump(operation) for operation in self.cloud.operations],
        }
        return self._fragments.join(
            _json(fixed), list(self.cloud.store), containerservice.clusters_with_api(self.cloud)
        )

    async def start(self) -> None:
        """Bring back the Kubernetes APIs and let the time run."""
        await self.cloud.resume()
        self._tasks = [asyncio.create_task(self.cloud.run()), asyncio.create_task(self._keep_saving())]

    async def stop(self) -> None:
        """Save, and close everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._fragments.forget_snapshots()
        await self.save()
        await self.host.close()

    async def handle(self, call: Call) -> Answer:
        """Answer one ARM request; what it changed is saved before the answer goes out."""
        answer = await self._pipeline.handle(call)
        if call.effect is not None:
            await self.save()
        return answer

    async def reset(self) -> None:
        """Forget all resources, operations, faults, buckets and logged requests."""
        await self.cloud.reset()
        self._saved_clusters.clear()
        await self.save()

    async def save(self) -> None:
        """Write the state, where a file was asked for."""
        if self._state_file is not None:
            self._saved_version = self.cloud.version
            await self._state_file.save()

    async def _keep_saving(self) -> None:
        while True:
            await asyncio.sleep(SAVE_INTERVAL_SECONDS)
            if self._state_file is None:
                continue
            changed = self._fragments.refresh_some(containerservice.clusters_with_api(self.cloud))
            if changed or self.cloud.version != self._saved_version:
                try:
                    await self.save()
                except OSError:
                    # The next round tries again; requests that change something fail meanwhile.
                    logger.exception("the state could not be saved")


def _json(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))
