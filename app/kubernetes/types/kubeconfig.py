"""A kubeconfig that was checked."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class LoginMode(StrEnum):
    """How kubelogin gets a token. All of these work without a person, and none keeps tokens in a shared cache.

    https://azure.github.io/kubelogin/concepts/login-modes.html
    """

    AZURE_CLI = "azurecli"
    WORKLOAD_IDENTITY = "workloadidentity"
    MANAGED_IDENTITY = "msi"
    SERVICE_PRINCIPAL = "spn"


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A client certificate and its key, both PEM."""

    certificate_pem: str
    key_pem: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """`kubelogin get-token`, reduced to what was allowed of its arguments. `server_id`: the Entra app of AKS."""

    server_id: str
    environment: str | None = None
    client_id: str | None = None
    tenant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """One cluster, one user. The user has a certificate, a token, or both; or else logs in through kubelogin.

    `tls_server_name` is the name that the server's certificate must carry when the address is not that name.
    """

    server: str
    ca_pem: str
    user: str
    tls_server_name: str | None = None
    client_certificate: ClientCertificate | None = None
    token: str | None = field(default=None, repr=False)
    exec_plugin: ExecPlugin | None = None

    @property
    def expires_at(self) -> datetime | None:
        """When what is in here stops working; None when nobody but the cluster knows."""
        return self.client_certificate.expires_at if self.client_certificate else None
