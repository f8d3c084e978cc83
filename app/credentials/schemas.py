"""Credentials over HTTP."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from app.api.schemas import Choice, RequestModel, ResponseModel
from app.core.text import Text


class CredentialKind(StrEnum):
    """Whose kubeconfig: a user's, or the cluster's admin."""

    USER = "user"
    ADMIN = "admin"


class KubeloginMode(StrEnum):
    """How kubelogin logs in where a cluster's users come from Microsoft Entra; none of these asks a person."""

    AZURE_CLI = "azurecli"
    WORKLOAD_IDENTITY = "workloadidentity"
    MANAGED_IDENTITY = "msi"
    SERVICE_PRINCIPAL = "spn"


class CredentialRequest(RequestModel):
    """Which kubeconfig."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "user", "reason": "deploy of the shop"}]})

    kind: Choice[CredentialKind] = Field(
        CredentialKind.USER, description="`admin` needs the role admin and a `reason`."
    )
    reason: Text | None = Field(None, description="Why; kept with the record. Required for `kind: admin`.")
    login: Choice[KubeloginMode] = Field(
        KubeloginMode.AZURE_CLI,
        description="How kubelogin shall log in, on clusters whose users come from Microsoft Entra; others ignore it.",
    )


class CredentialRead(ResponseModel):
    """The record that a kubeconfig was given out. The kubeconfig itself is kept nowhere."""

    id: str
    cluster_id: str
    kind: str = Field(description="`user` or `admin`.")
    reason: str | None
    issued_to: str = Field(description="Whose API key asked.")
    issued_at: datetime
    expires_at: datetime | None = Field(description="When it stops working; null when only Azure knows.")
    request_id: str


class CredentialIssued(CredentialRead):
    """A kubeconfig, and its record."""

    context: str = Field(description="The name of its context, cluster and user; unique for each cluster and kind.")
    notes: list[str] = Field(description="What its holder should know.")
    kubeconfig: str | None = Field(description="YAML. Null in a repeat with the same Idempotency-Key.")
    secret_state: Literal["shown", "shown_once"] = Field(description="`shown_once` in a repeat: `kubeconfig` is null.")
