"""Tokens of Entra's for clusters' API servers, taken by Slipway's own identity."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import AzureError as SdkError

from app.azure import errors
from app.azure.credentials import RenewableCredential
from app.azure.errors import AzureError
from app.azure.policies import login_error
from app.azure.types.call import Call
from app.azure.types.secret import Secret
from app.core.clock import Clock

AKS_SERVER_ID = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The Entra application "Azure Kubernetes Service AAD Server", in every cloud.

https://learn.microsoft.com/azure/aks/kubelogin-authentication
"""


@dataclass(frozen=True, slots=True)
class ClusterToken:
    """A bearer token for clusters' API servers."""

    secret: Secret
    expires_at: datetime


async def cluster_token(
    credential: RenewableCredential, server_id: str, *, call: Call, clock: Clock, longest: float
) -> ClusterToken:
    """A token for the application that a kubeconfig names. Raises AzureError.

    Only AKS's own application gets one: a token for another, such as Resource Manager's, must never reach a cluster.
    """
    if server_id.lower() != AKS_SERVER_ID:
        raise AzureError(errors.LOGIN_FAILED, azure_message="the cluster names an Entra application that is not AKS's")
    left = min(longest, (call.deadline - clock.now()).total_seconds())
    try:
        async with asyncio.timeout(max(left, 0)):
            token = await credential.get_token(f"{AKS_SERVER_ID}/.default")
    except TimeoutError as error:
        raise AzureError(errors.UNREACHABLE, azure_message="the login took too long") from error
    except SdkError as error:
        raise login_error(error) from error
    return ClusterToken(Secret(token.token), datetime.fromtimestamp(token.expires_on, UTC))
