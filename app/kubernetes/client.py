"""What Slipway asks of one cluster's API server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

import httpx2
from lightkube.core.exceptions import NotReadyError
from lightkube.core.generic_client import ListAsyncIterable
from lightkube.core.resource import NamespacedResource
from lightkube.resources.core_v1 import Event, Namespace, Node, Pod, Service
from lightkube.resources.discovery_v1 import EndpointSlice

from app.core.breaker import NotAnsweringError
from app.kubernetes import services
from app.kubernetes.agents import list_agents
from app.kubernetes.connection import Connection
from app.kubernetes.drains import ClusterDrains
from app.kubernetes.errors import (
    ClusterIdentityError,
    ClusterNotServingError,
    ClusterPrivateError,
    ClusterUnauthorizedError,
    ClusterUnreachableError,
    KubernetesError,
    NotInClusterError,
    ObjectChangedError,
)
from app.kubernetes.observed import facts_of, node_state, system_pods
from app.kubernetes.pem import first_end
from app.kubernetes.pods import ClusterPods
from app.kubernetes.pool import LogIn, Slot
from app.kubernetes.streams import lines_of, open_stream
from app.kubernetes.types import ClusterFacts, NodeState, SystemPods
from app.kubernetes.types.agent import AgentPod
from app.kubernetes.types.service import (
    FIELD_MANAGER,
    EndpointsState,
    EventSeen,
    NamespaceState,
    ServiceSpec,
    ServiceState,
)
from app.kubernetes.volume_calls import VolumeCalls

R = TypeVar("R")
T = TypeVar("T")
N = TypeVar("N", bound=NamespacedResource)

_PAGE = 500
_ALL = "*"
_SYSTEM_NAMESPACE = "kube-system"
# A slot's breaker is its own.
_KEY = "cluster"


class ClusterClient:
    """One cluster's API server. Every call ends within the time that the settings allow, or raises.

    Raises ClusterUnreachableError (no connection or answer), ClusterNotServingError (429, 5xx),
    ClusterUnauthorizedError (401), ClusterForbiddenError (403), ClusterIdentityError (another server's certificate),
    KubernetesError (an answer that cannot be used), NotAnsweringError (it has not answered several times in a row and
    is left alone for some seconds), and whatever the login raises.
    """

    def __init__(self, slot: Slot, log_in: LogIn) -> None:
        self._slot = slot
        self._log_in = log_in
        self.pods = ClusterPods(self._ask)
        self.drains = ClusterDrains(self._ask)
        self.storage = VolumeCalls(self._ask)

    async def address(self) -> str:
        """The API server's address, a URL."""
        return (await self._slot.connection(self._log_in)).login.kubeconfig.server

    async def certificates_end_at(self) -> datetime:
        """When the first of the certificates ends with which it was logged in: the authority's, and the user's."""
        kubeconfig = (await self._slot.connection(self._log_in)).login.kubeconfig
        return min(each for each in (first_end(kubeconfig.ca_pem), kubeconfig.expires_at) if each is not None)

    async def version(self) -> str:
        """The API server's version, as `1.33.5`."""

        async def ask(connection: Connection) -> object:
            return (await connection.raw.get("/version")).json()

        document = await self._ask(ask)
        version = document.get("gitVersion") if isinstance(document, dict) else None
        if not isinstance(version, str):
            raise KubernetesError("The API server's answer names no version.")
        return version.removeprefix("v")

    async def ready(self) -> bool:
        """Whether the API server calls itself ready (`/readyz`)."""

        async def ask(connection: Connection) -> bool:
            return (await connection.raw.get("/readyz")).is_success

        try:
            return await self._ask(ask)
        except (ClusterNotServingError, NotInClusterError):
            return False

    async def nodes(self) -> tuple[NodeState, ...]:
        """All nodes, by name."""

        async def ask(connection: Connection) -> list[NodeState]:
            return [node_state(node) async for node in connection.typed.list(Node, chunk_size=_PAGE)]

        return tuple(sorted(await self._ask(ask), key=lambda node: node.name))

    async def system_pods(self) -> SystemPods:
        """The pods of `kube-system`."""
        return system_pods(await self._listed(Pod, _SYSTEM_NAMESPACE))

    async def agents(self) -> tuple[AgentPod, ...]:
        """The pods of the monitoring agents, by name; none where monitoring is off."""
        return await list_agents(self._ask)

    async def facts(self, *, resting: Collection[str] = (), excused: Collection[str] = ()) -> ClusterFacts:
        """Version, nodes and system pods. `resting`: pools that are stopped; of their nodes only names are left.

        `excused`: pools of which nodes that are not Ready are left out.
        """
        version, nodes, pods = await asyncio.gather(self.version(), self.nodes(), self._listed(Pod, _SYSTEM_NAMESPACE))
        return facts_of(version, nodes, pods, resting=resting, excused=excused)

    async def services(self) -> tuple[ServiceState, ...]:
        """All Services of all namespaces, by namespace and name."""
        listed = [services.service_state(service) for service in await self._listed(Service, _ALL)]
        return tuple(sorted(listed, key=lambda service: (service.namespace, service.name)))

    async def service(self, namespace: str, name: str) -> ServiceState | None:
        """One Service, or None when there is none, or no such namespace."""

        async def ask(connection: Connection) -> Service:
            return await connection.typed.get(Service, name, namespace=namespace)

        try:
            return services.service_state(await self._ask(ask))
        except NotInClusterError:
            return None

    async def apply_service(self, spec: ServiceSpec, *, take_over: bool = False) -> ServiceState:
        """Make the Service, or make it as `spec` says, by server-side apply; return it as the cluster has it then.

        Fields that others set stay. Fields that Slipway applied before and `spec` does not have any more are given
        up, and vanish when nobody else has them. Where `spec` has a field that another manager has set to another
        value: FieldConflictError with the fields, or with `take_over` the field becomes Slipway's.
        Raises NotInClusterError (no such namespace), NamespaceEndingError, ObjectRefusedError, ClusterQuotaError,
        AdmissionDeniedError as well.
        """

        async def ask(connection: Connection) -> Service:
            return await connection.typed.apply(
                services.service_body(spec), field_manager=FIELD_MANAGER, force=take_over
            )

        return services.service_state(await self._ask(ask))

    async def delete_service(self, namespace: str, name: str, *, uid: str) -> bool:
        """Ask for the deletion of the Service with this `uid`; finalizers may keep it for a while.

        False when there is none, or one of the same name that is another: that one is left alone.
        """

        async def ask(connection: Connection) -> None:
            path = f"/api/v1/namespaces/{namespace}/services/{name}"
            options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
            await connection.raw.request("DELETE", path, json=options)

        try:
            await self._ask(ask)
        except (NotInClusterError, ObjectChangedError):
            return False
        return True

    async def events_of(self, kind: str, namespace: str, name: str, *, uid: str | None = None) -> tuple[EventSeen, ...]:
        """Events about one object, oldest first. `uid`: only about the object of this name that has it."""
        fields = {"involvedObject.kind": kind, "involvedObject.name": name}
        if uid is not None:
            fields["involvedObject.uid"] = uid
        listed = await self._listed(Event, namespace, fields=fields)
        return services.in_order(services.event_seen(event) for event in listed)

    async def endpoints(self, namespace: str, name: str) -> EndpointsState:
        """What stands behind a Service; nothing when there is no such Service."""
        labels = {"kubernetes.io/service-name": name}
        return services.endpoints_state(await self._listed(EndpointSlice, namespace, labels=labels))

    async def namespace(self, name: str) -> NamespaceState | None:
        """One namespace, or None when there is none."""

        async def ask(connection: Connection) -> Namespace:
            return await connection.typed.get(Namespace, name)

        try:
            return services.namespace_state(await self._ask(ask))
        except NotInClusterError:
            return None

    async def list_versioned(
        self, resource: type[R], read: Callable[[R], T], *, namespaced: bool, fields: Mapping[str, str]
    ) -> tuple[list[T], str]:
        """All objects of a resource through `read`, and the resourceVersion from which a watch goes on."""

        async def ask(connection: Connection) -> tuple[list[T], str]:
            found: ListAsyncIterable[R] = connection.typed.list(  # type: ignore[call-overload]
                resource, chunk_size=_PAGE, fields=dict(fields), **({"namespace": _ALL} if namespaced else {})
            )
            items = [read(item) async for item in found]
            try:
                return items, found.resourceVersion
            except NotReadyError as error:
                raise KubernetesError("The API server's list names no version.") from error

        return await self._ask(ask)

    @asynccontextmanager
    async def watch(
        self, path: str, parameters: Mapping[str, str], *, silence_seconds: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The lines of a watch. Its beginning is bounded like any call, then each silence by `silence_seconds`."""

        async def ask(connection: Connection) -> tuple[Connection, httpx2.Response]:
            return connection, await open_stream(connection, path, parameters, silence_seconds=silence_seconds)

        connection, response = await self._ask(ask)
        async with connection.used(), lines_of(response) as lines:
            yield lines

    async def _listed(
        self,
        resource: type[N],
        namespace: str,
        *,
        labels: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> list[N]:
        async def ask(connection: Connection) -> list[N]:
            found = connection.typed.list(
                resource, namespace=namespace, chunk_size=_PAGE, labels=dict(labels or {}), fields=dict(fields or {})
            )
            return [item async for item in found]

        return await self._ask(ask)

    async def _ask(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        """Run one call. A login that is not taken any more (certificates were rotated) is renewed once."""
        connection = await self._slot.connection(self._log_in)
        try:
            return await self._once(connection, work)
        except (ClusterUnauthorizedError, ClusterIdentityError):
            fresh = await self._slot.renewed(connection, self._log_in)
            if fresh.login == connection.login:
                raise
        return await self._once(fresh, work)

    async def _once(self, connection: Connection, work: Callable[[Connection], Awaitable[R]]) -> R:
        """Bound a call and turn what httpx2 and lightkube raise into our errors; the transport raises the others."""
        seconds = self._slot.timeout_seconds
        try:
            async with self._slot.breaker.guard(_KEY), connection.used(), _unreachable_after(seconds):
                return await work(connection)
        except (ClusterUnreachableError, NotAnsweringError) as error:
            self._slot.doubt(connection)
            if connection.login.private and not isinstance(error, ClusterNotServingError):
                raise ClusterPrivateError(error.problem.detail) from error
            raise
        except (ValueError, httpx2.HTTPError) as error:
            # lightkube's decoder and json both raise subclasses of ValueError.
            raise KubernetesError("The API server's answer cannot be read.") from error


@asynccontextmanager
async def _unreachable_after(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise ClusterUnreachableError(f"The API server gave no whole answer within {seconds:g} s.") from error
