"""The way to Azure: made once per process, one part for each subscription."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Self
from urllib.parse import urlsplit

from app.azure.agent_pools import AgentPools
from app.azure.catalog import Catalog
from app.azure.clients import Clients
from app.azure.cluster_tokens import ClusterToken
from app.azure.cluster_verbs import ClusterVerbs
from app.azure.compute import Compute
from app.azure.credentials import open_credential
from app.azure.data_planes import DataPlanes
from app.azure.feed import Sharing
from app.azure.identities import Identities
from app.azure.key_vaults import KeyVaults
from app.azure.links import TrustedHosts, is_loopback
from app.azure.locks import Locks
from app.azure.log_client import open_logs_client
from app.azure.log_queries import LogQueries
from app.azure.maintenance_windows import MaintenanceWindows
from app.azure.managed_clusters import ManagedClusters
from app.azure.monitoring import AzureMonitoring
from app.azure.network import Network
from app.azure.operations import Operations
from app.azure.policies import Pace
from app.azure.ports import BucketStore, Durations
from app.azure.providers import Providers
from app.azure.resource_groups import ResourceGroups
from app.azure.role_assignments import RoleAssignments
from app.azure.run_command import RunCommands
from app.azure.storage import Storage
from app.azure.throttle import Throttle
from app.azure.transport import open_session
from app.azure.types.call import Call
from app.azure.types.watch import Usual
from app.azure.upgrade_profiles import UpgradeProfiles
from app.azure.watch import Watcher
from app.core.clock import Clock
from app.core.durations import ExpectSettings
from app.core.settings import AzureSettings

Sleep = Callable[[float], Awaitable[None]]


class SubscriptionGateway:
    """One subscription of Azure's. Every method of its parts takes the keyword `call`."""

    def __init__(self, clients: Clients, subscription_id: str, sharing: Sharing) -> None:
        container_service = clients.container_service(subscription_id)
        resources = clients.resources(subscription_id)
        self.subscription_id = subscription_id
        self.providers = Providers(resources, sharing.clock, sharing.sleep)
        self.resource_groups = ResourceGroups(resources, subscription_id, sharing)
        self.managed_clusters = ManagedClusters(container_service, subscription_id)
        self.cluster_verbs = ClusterVerbs(container_service, self.managed_clusters.id_of)
        self.agent_pools = AgentPools(container_service, subscription_id)
        self.maintenance_windows = MaintenanceWindows(container_service)
        self.upgrade_profiles = UpgradeProfiles(container_service)
        self.catalog = Catalog(clients, subscription_id)
        self.network = Network(clients.network(subscription_id), subscription_id, sharing)
        self.compute = Compute(clients.compute(subscription_id))
        self.storage = Storage(clients.storage(subscription_id), subscription_id, sharing)
        self.monitoring = AzureMonitoring(
            clients.log_analytics(subscription_id), clients.monitor(subscription_id), subscription_id
        )
        self.identities = Identities(resources)
        self.run_commands = RunCommands(clients, subscription_id, sharing)
        self.role_assignments = RoleAssignments(clients)
        self.locks = Locks(clients)
        self.operations = Operations(clients)
        self.watcher = Watcher(
            list_clusters=self.managed_clusters.list_,
            list_groups=self.resource_groups.list_,
            list_public_ips=self.network.public_ips.list_,
            list_storage_accounts=self.storage.accounts.list_,
            operation_status=self.operations.status,
            sharing=sharing,
        )


class AzureGateway:
    """Azure, for one process. Open it with `open`, end it with `close`."""

    def __init__(
        self,
        clients: Clients,
        *,
        expect: ExpectSettings,
        durations: Durations,
        clock: Clock,
        stack: AsyncExitStack,
        sleep: Sleep,
        logs: LogQueries,
        key_vaults: KeyVaults,
    ) -> None:
        self.logs = logs
        self.key_vaults = key_vaults
        self._clients = clients
        self._expect = expect
        self._durations = durations
        self._clock = clock
        self._stack = stack
        self._sleep = sleep
        self._subscriptions: dict[str, SubscriptionGateway] = {}

    @classmethod
    async def open(
        cls,
        settings: AzureSettings,
        expect: ExpectSettings,
        *,
        clock: Clock,
        buckets: BucketStore,
        durations: Durations,
        sleep: Sleep = asyncio.sleep,
        pace: Pace | None = None,
    ) -> Self:
        """Open the one session and log in lazily: nothing is sent before the first call."""
        hosts = TrustedHosts(settings.resource_manager_url, settings.allowed_hosts)
        # A proxy from the environment would be asked for an address of its own machine.
        here = is_loopback(urlsplit(settings.resource_manager_url).hostname)
        async with AsyncExitStack() as opening:
            session = open_session(ca_file=settings.ca_file, trust_env=not here)
            opening.push_async_callback(session.close)
            credential = open_credential(settings, session)
            opening.push_async_callback(credential.close)
            throttle, pace = Throttle(buckets, clock, sleep), pace or Pace(sleep=sleep)
            clients = Clients(
                resource_manager_url=settings.resource_manager_url,
                token_audience=settings.token_audience,
                credential=credential,
                session=session,
                hosts=hosts,
                throttle=throttle,
                clock=clock,
                timeout=settings.call_timeout_seconds,
                pace=pace,
            )
            planes = DataPlanes(
                credential=credential,
                session=session,
                throttle=throttle,
                clock=clock,
                timeout=settings.call_timeout_seconds,
                pace=pace,
            )
            logs = open_logs_client(settings.log_analytics_address, settings.log_analytics_audience, planes)
            key_vaults = KeyVaults(planes, dns_suffix=settings.key_vault_dns_suffix, address=settings.key_vault_address)
            stack = opening.pop_all()
        return cls(
            clients,
            expect=expect,
            durations=durations,
            clock=clock,
            stack=stack,
            sleep=sleep,
            logs=LogQueries(logs),
            key_vaults=key_vaults,
        )

    def subscription(self, subscription_id: str) -> SubscriptionGateway:
        """The subscription's part; made at the first asking, then kept."""
        key = subscription_id.lower()
        found = self._subscriptions.get(key)
        if found is None:
            sharing = Sharing(self._clock, self._spacing(), self._sleep)
            found = SubscriptionGateway(self._clients, subscription_id, sharing)
            self._subscriptions[key] = found
        return found

    async def cluster_token(self, server_id: str, *, call: Call) -> ClusterToken:
        """A token of Slipway's own identity for clusters whose users log in through Entra.

        `server_id` is the application that the cluster's kubeconfig names; AKS's own only.
        """
        return await self._clients.cluster_token(server_id, call=call)

    @property
    def pace(self) -> float:
        """How long something takes in this Azure, beside real Azure's 1; at least a tenth."""
        scale = self._expect.cluster_create / float(ExpectSettings.model_fields["cluster_create"].default)
        return min(1.0, max(0.1, scale))

    async def expected(self, kind: str) -> timedelta:
        """How long an operation of a kind takes (`usual`)."""
        return (await self.usual(kind)).median

    async def usual(self, kind: str) -> Usual:
        """How long operations of a kind take: learnt, else from the settings.

        `kind` is a name of `ExpectSettings` ("cluster_create"), optionally with more behind a colon, which is learnt
        apart ("cluster_create:westeurope").
        """
        learnt = await self._durations.usual(kind)
        if learnt is not None:
            return learnt
        seconds = getattr(self._expect, kind.partition(":")[0])
        return Usual(timedelta(seconds=float(seconds)))

    async def learn(self, kind: str, took: timedelta) -> None:
        """Remember how long a finished operation took."""
        await self._durations.learn(kind, took)

    async def close(self) -> None:
        """End the watchers, the credential and the session."""
        for subscription in self._subscriptions.values():
            await subscription.watcher.close()
        self._subscriptions.clear()
        await self._stack.aclose()

    def _spacing(self) -> timedelta:
        """The least time between two shared questions of a kind: 1 s in real Azure, less where all goes faster."""
        return timedelta(seconds=self.pace)
