"""The SDK's clients, all over one session, one transport and one pipeline of ours.

A pipeline of our own means: none of azure-core's retries, none of its redirects, no provider that is registered
behind our back, and one token for all clients.
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TypeVar, cast

import aiohttp
from azure.core.async_paging import AsyncItemPaged
from azure.core.exceptions import DeserializationError
from azure.core.pipeline import AsyncPipeline, PipelineResponse
from azure.core.polling import AsyncLROPoller, AsyncNoPolling
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.mgmt.compute.aio import ComputeManagementClient
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.loganalytics.aio import LogAnalyticsManagementClient
from azure.mgmt.monitor.aio import MonitorManagementClient
from azure.mgmt.network.aio import NetworkManagementClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient
from azure.mgmt.resource.subscriptions.aio import SubscriptionClient
from azure.mgmt.storage.aio import StorageManagementClient
from typing_extensions import override

from app.azure import errors
from app.azure.cluster_tokens import ClusterToken, cluster_token
from app.azure.credentials import RenewableCredential
from app.azure.errors import AzureError
from app.azure.links import TrustedHosts
from app.azure.policies import CALL, Pace, SendPolicy, TokenPolicy, TurnPolicy
from app.azure.throttle import Throttle
from app.azure.transport import WholeTransport
from app.azure.types.call import Call
from app.azure.types.operation import Operation, OperationKind
from app.core.clock import Clock

_CACHED_CLIENTS = 64
_MOST_PAGES = 1_000
T = TypeVar("T")
R = TypeVar("R")


class Clients:
    """Makes and keeps the SDK's clients. Whoever opened session and credential closes them after `close()`."""

    def __init__(
        self,
        *,
        resource_manager_url: str,
        token_audience: str,
        credential: RenewableCredential,
        session: aiohttp.ClientSession,
        hosts: TrustedHosts,
        throttle: Throttle,
        clock: Clock,
        timeout: float,
        pace: Pace | None = None,
    ) -> None:
        self._url = resource_manager_url.rstrip("/")
        self._credential = credential
        self.clock = clock
        self._timeout = timeout
        self._scope = token_audience.rstrip("/") + "/.default"
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(
            transport=WholeTransport(session),
            policies=[
                TurnPolicy(hosts=hosts, throttle=throttle, clock=clock, pace=pace or Pace(), timeout=timeout),
                TokenPolicy(credential, self._scope),
                SendPolicy(clock),
            ],
        )
        self.container_service = lru_cache(maxsize=_CACHED_CLIENTS)(self._container_service)
        self.resources = lru_cache(maxsize=_CACHED_CLIENTS)(self._resources)
        self.compute = lru_cache(maxsize=_CACHED_CLIENTS)(self._compute)
        self.network = lru_cache(maxsize=_CACHED_CLIENTS)(self._network)
        self.storage = lru_cache(maxsize=_CACHED_CLIENTS)(self._storage)
        self.log_analytics = lru_cache(maxsize=_CACHED_CLIENTS)(self._log_analytics)
        self.monitor = lru_cache(maxsize=_CACHED_CLIENTS)(self._monitor)
        self.subscriptions = SubscriptionClient(
            credential, base_url=self._url, credential_scopes=[self._scope], pipeline=self._pipeline
        )

    @property
    def url(self) -> str:
        """Resource Manager's address, without a slash at its end."""
        return self._url

    async def get(self, url: str, *, call: Call) -> AsyncHttpResponse:
        """GET an address that Azure gave, such as an operation's."""
        answer = await self._pipeline.run(HttpRequest("GET", url), **{CALL: call})
        return answer.http_response

    async def cluster_token(self, server_id: str, *, call: Call) -> ClusterToken:
        """A token of Slipway's own identity for clusters' API servers."""
        return await cluster_token(self._credential, server_id, call=call, clock=self.clock, longest=self._timeout)

    def _container_service(self, subscription_id: str) -> ContainerServiceClient:
        return ContainerServiceClient(
            self._credential,
            subscription_id,
            base_url=self._url,
            credential_scopes=[self._scope],
            pipeline=self._pipeline,
        )

    def _resources(self, subscription_id: str) -> ResourceManagementClient:
        return ResourceManagementClient(
            self._credential,
            subscription_id,
            base_url=self._url,
            credential_scopes=[self._scope],
            pipeline=self._pipeline,
        )

    def _compute(self, subscription_id: str) -> ComputeManagementClient:
        return ComputeManagementClient(
            self._credential,
            subscription_id,
            base_url=self._url,
            credential_scopes=[self._scope],
            pipeline=self._pipeline,
        )

    def _log_analytics(self, subscription_id: str) -> LogAnalyticsManagementClient:
        return LogAnalyticsManagementClient(
            self._credential,
            subscription_id,
            base_url=self._url,
            credential_scopes=[self._scope],
            pipeline=self._pipeline,
        )

    def _monitor(self, subscription_id: str) -> MonitorManagementClient:
        return MonitorManagementClient(
            self._credential,
            subscription_id,
            base_url=self._url,
            credential_scopes=[self._scope],
            pipeline=self._pipeline,
        )

    def _network(self, subscription_id: str) -> NetworkManagementClient:
        return NetworkManagementClient(
            self._credential,
            subscription_id,
            base_url=self._url,
            credential_scopes=[self._scope],
            pipeline=self._pipeline,
        )

    def _storage(self, subscription_id: str) -> StorageManagementClient:
        return StorageManagementClient(
            self._credential,
            subscription_id,
            base_url=self._url,
            credential_scopes=[self._scope],
            pipeline=self._pipeline,
        )


class _FirstAnswer(AsyncNoPolling[object]):
    @override
    def resource(self) -> AsyncHttpResponse:
        # azure-core's type knows nothing of what `initialize` was given.
        return cast("PipelineResponse[HttpRequest, AsyncHttpResponse]", self._initial_response).http_response


def first_answer() -> AsyncNoPolling[object]:
    """In place of `polling=False` where the first answer may be empty: the SDK would read it as JSON."""
    return _FirstAnswer()  # type: ignore[no-untyped-call] # azure-core gives no types


def whole_answer(
    response: PipelineResponse[HttpRequest, AsyncHttpResponse], _body: object, _headers: object
) -> AsyncHttpResponse:
    """The SDK's `cls` hook: the answer itself in place of a model."""
    return response.http_response


async def settled(begun: Awaitable[AsyncLROPoller[T]]) -> AsyncHttpResponse:
    """The first and only answer of a `begin_...`.

    It was called with `polling=False` and `cls=whole_answer`, or with `polling=first_answer()`.
    """
    poller = await begun
    # What the poller holds is what `cls` gave; its type says the model.
    return cast("AsyncHttpResponse", await poller.result())


async def read_all(pages: AsyncItemPaged[T], one: Callable[[object], R]) -> list[R]:
    """All items of a list, across its pages, through `one`. Raises `AzureError` when the pages do not end."""
    found: list[R] = []
    left = _MOST_PAGES
    try:
        async for page in pages.by_page():
            found += [one(item) async for item in page]
            left -= 1
            if left == 0:
                raise AzureError(errors.TOO_LARGE, azure_message=f"a list has more than {_MOST_PAGES} pages")
    except (DeserializationError, AttributeError, TypeError, ValueError) as error:
        # The SDK trusts the shape of a page: `{"value": "x"}` breaks it in several ways.
        raise AzureError(errors.MALFORMED, azure_message="a page of a list has a wrong shape") from error
    return found


async def read_group(pages: AsyncItemPaged[T], one: Callable[[object], R]) -> list[R]:
    """As `read_all`, of a list of one resource group; empty when there is no such group."""
    try:
        return await read_all(pages, one)
    except AzureError as error:
        if error.gone:
            return []
        raise


def operation_of(answer: AsyncHttpResponse, target_id: str) -> Operation:
    """The operation that an answer names in its headers."""
    url = answer.headers.get("Azure-AsyncOperation")
    if url:
        return Operation(url=url, kind=OperationKind.ASYNC_OPERATION, target_id=target_id)
    return Operation(url=answer.headers.get("Location"), kind=OperationKind.LOCATION, target_id=target_id)
