"""The client of Log Analytics' query service, over a pipeline like that of Resource Manager's clients."""

import aiohttp
from azure.core.pipeline import AsyncPipeline
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.monitor.query.aio import LogsQueryClient

from app.azure.credentials import RenewableCredential
from app.azure.links import TrustedHosts
from app.azure.policies import Pace, SendPolicy, TokenPolicy, TurnPolicy
from app.azure.throttle import Throttle
from app.azure.transport import WholeTransport
from app.core.clock import Clock


def open_logs_client(
    url: str,
    audience: str,
    *,
    credential: RenewableCredential,
    session: aiohttp.ClientSession,
    throttle: Throttle,
    clock: Clock,
    timeout: float,
    pace: Pace,
) -> LogsQueryClient:
    """Make the client. Its tokens are for queries alone, and go to the query service's own host alone."""
    endpoint = url.rstrip("/")
    pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse] = AsyncPipeline(
        transport=WholeTransport(session),
        policies=[
            TurnPolicy(hosts=TrustedHosts(endpoint), throttle=throttle, clock=clock, pace=pace, timeout=timeout),
            TokenPolicy(credential, audience.rstrip("/") + "/.default"),
            SendPolicy(clock),
        ],
    )
    return LogsQueryClient(credential, endpoint=endpoint, audience=audience, pipeline=pipeline)
