"""Pipelines to Azure's services beside Resource Manager: like that of its clients, each with tokens of its own."""

from dataclasses import dataclass

import aiohttp
from azure.core.pipeline import AsyncPipeline
from azure.core.rest import AsyncHttpResponse, HttpRequest

from app.azure.credentials import RenewableCredential
from app.azure.links import TrustedHosts
from app.azure.policies import Pace, SendPolicy, TokenPolicy, TurnPolicy
from app.azure.throttle import Throttle
from app.azure.transport import WholeTransport
from app.core.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPlanes:
    """What all of them share. `timeout`: seconds that one call takes at most."""

    credential: RenewableCredential
    session: aiohttp.ClientSession
    throttle: Throttle
    clock: Clock
    timeout: float
    pace: Pace

    def pipeline(self, endpoint: str, audience: str) -> AsyncPipeline[HttpRequest, AsyncHttpResponse]:
        """A pipeline whose tokens are for one audience alone, and go to the endpoint's own host alone."""
        hosts = TrustedHosts(endpoint)
        return AsyncPipeline(
            transport=WholeTransport(self.session),
            policies=[
                TurnPolicy(hosts=hosts, throttle=self.throttle, clock=self.clock, pace=self.pace, timeout=self.timeout),
                TokenPolicy(self.credential, audience.rstrip("/") + "/.default"),
                SendPolicy(self.clock),
            ],
        )
