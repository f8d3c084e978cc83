"""All settings, read from the environment (`SLIPWAY_…`, nested by `__`).

`docs/settings.md` is generated from this file and `durations.py`: each field's description is what an operator reads.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import BaseModel, Field, PositiveInt, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.durations import ExpectSettings

Seconds = Annotated[float, Field(gt=0)]
Days = Annotated[float, Field(gt=0, le=36_500)]


class CredentialKind(StrEnum):
    """How Slipway logs in to Azure; each is a credential of the azure-identity library."""

    DEFAULT = "default"
    WORKLOAD_IDENTITY = "workload_identity"
    MANAGED_IDENTITY = "managed_identity"
    CLIENT_SECRET = "client_secret"  # noqa: S105 - the name of a kind, no secret


class LogFormat(StrEnum):
    """The form of a log line."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class DatabaseSettings(BaseModel):
    """Where Slipway keeps its rows."""

    url: SecretStr = Field(
        SecretStr("sqlite:///slipway.sqlite3"),
        description="`sqlite:///relative/file`, `sqlite:////absolute/file` or `postgresql://user:password@host/database`.",
    )
    pool_size: PositiveInt = Field(5, description="Connections kept open for requests (PostgreSQL).")
    statement_timeout_seconds: Seconds = Field(10, description="A statement that runs longer is ended (PostgreSQL).")


class AzureSettings(BaseModel):
    """Which Azure, and as whom. The defaults are the public cloud."""

    resource_manager_url: str = Field(
        "https://management.azure.com", description="Azure Resource Manager's base address."
    )
    authority_url: str = Field("https://login.microsoftonline.com", description="Microsoft Entra's base address.")
    token_audience: str = Field("https://management.azure.com", description="For whom tokens are asked.")
    log_analytics_url: str | None = Field(
        None,
        description="The base address of Log Analytics' query service. Default: `https://api.loganalytics.io`, or "
        "Resource Manager's own where that is on this machine: the local Azure serves both.",
    )
    log_analytics_audience: str = Field(
        "https://api.loganalytics.io", description="For whom tokens for queries of logs are asked."
    )
    key_vault_dns_suffix: str = Field(
        "vault.azure.net",
        pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$",
        description="Below this lie the names of the cloud's Key Vaults, and for it their tokens are asked. No token "
        "for vaults goes elsewhere. China: `vault.azure.cn`, US Government: `vault.usgovcloudapi.net`.",
    )
    key_vault_url: str | None = Field(
        None,
        pattern=r"^https?://[^?#]*\{vault\}[^?#]*$",
        description="Where a Key Vault is reached, with `{vault}` in the place of its name. Default: "
        "`https://{vault}.` and the suffix, or below Resource Manager's own address where that is on this machine.",
    )
    allowed_hosts: list[str] = Field(
        [],
        description="Further hosts that links in Azure's answers may lead to; Resource Manager's own always may.",
    )
    credential: CredentialKind = Field(CredentialKind.DEFAULT, description="How to log in.")
    tenant_id: str | None = Field(None, description="The Entra tenant (client_secret, workload_identity).")
    client_id: str | None = Field(None, description="The identity's client id, where there are several.")
    client_secret: SecretStr | None = Field(None, description="For `credential=client_secret`.")
    subscription_id: str | None = Field(None, description="The subscription of projects that name none.")
    ca_file: Path | None = Field(None, description="A PEM file with further authorities to trust for Resource Manager.")
    call_timeout_seconds: Seconds = Field(60, description="One call to Azure takes at most this long.")
    request_timeout_seconds: Seconds = Field(
        15, description="A request that needs Azure's answer (a credential, what Azure offers) waits at most this long."
    )
    catalog_max_age_seconds: Seconds = Field(
        21_600, description="What Azure offers (locations, versions, sizes) is asked for anew when it is older."
    )

    @property
    def log_analytics_address(self) -> str:
        """The query service's base address: the setting, or its default."""
        if self.log_analytics_url is not None:
            return self.log_analytics_url
        return self.resource_manager_url if self._is_here else "https://api.loganalytics.io"

    @property
    def key_vault_address(self) -> str:
        """Where a vault is reached, with `{vault}` for its name: the setting, or its default."""
        if self.key_vault_url is not None:
            return self.key_vault_url
        if self._is_here:
            return self.resource_manager_url.rstrip("/") + "/vaults/{vault}"
        return "https://{vault}." + self.key_vault_dns_suffix

    @property
    def _is_here(self) -> bool:
        return urlsplit(self.resource_manager_url).hostname in {"localhost", "127.0.0.1", "::1"}


class KubernetesSettings(BaseModel):
    """How Slipway reaches clusters' API servers."""

    allowed_server_hosts: list[str] = Field(
        [],
        description="Hosts that a kubeconfig from Azure may name beside the cluster's own FQDN. Its `tls-server-name` "
        "must then be that FQDN, so that the server is still proven to be the cluster's.",
    )
    call_timeout_seconds: Seconds = Field(15, description="One call to a cluster takes at most this long.")
    max_clients: int = Field(
        250, ge=1, le=5000, description="Clusters that one process talks to at once; each costs a few connections."
    )
    idle_seconds: Seconds = Field(300, description="A cluster's connections are closed when unused for so long.")
    max_watched_clusters: int = Field(
        200,
        ge=0,
        le=5000,
        description="Clusters that one worker watches at most, and never more than `max_clients`; each takes eight "
        "connections. With more clusters than all workers may watch, some are not watched.",
    )
    run_command_seconds: Seconds = Field(
        300,
        description="A private cluster that cannot be reached is read so often by a command that AKS runs in it.",
    )
    kubectl_mirror: str = Field(
        "https://dl.k8s.io",
        pattern=r"^https://[A-Za-z0-9._~:/%@-]+$",
        description="Where `GET /v1/clusters/{id}/kubectl` says kubectl is published: below it lies "
        "`release/v<version>/bin/<os>/<arch>/kubectl`, and beside that its `.sha256`.",
    )


class WorkerSettings(BaseModel):
    """How jobs are run."""

    concurrency: PositiveInt = Field(500, description="Jobs that one worker runs side by side.")
    heartbeat_seconds: Seconds = Field(2, description="How often a worker says that it lives.")
    lease_seconds: Seconds = Field(
        9, description="A worker that was silent for so long is dead: its jobs are taken over."
    )
    stuck_seconds: Seconds = Field(30, description="A job that hangs in a live worker for so long is started again.")
    drain_seconds: Seconds = Field(20, description="After SIGTERM a worker lets its steps end for at most so long.")
    queue_poll_seconds: Seconds = Field(0.5, description="How often the queue is looked at.")
    sync_seconds: Seconds = Field(300, description="How often all clusters are compared with Azure.")
    key_check_seconds: Seconds = Field(
        600, description="How often the keys in clusters' Secrets are compared with those of their storage accounts."
    )


class RetentionSettings(BaseModel):
    """How long what is over is kept, in days. A worker removes what is older, in batches, once an hour."""

    jobs_days: Days = Field(90, description="Jobs and their steps, after their end.")
    events_days: Days = Field(90, description="Events: a reader that comes later than that misses some.")
    credentials_days: Days = Field(
        365, description="The records of who took a kubeconfig, after it was given out; never before it has expired."
    )
    deleted_days: Days = Field(
        90,
        description="Deleted clusters and resource groups; never before the jobs and the records of kubeconfigs "
        "that belong to them.",
    )
    engine_days: Days = Field(30, description="What the engine (DBOS) keeps of a job, after its end.")
    unused_days: Days = Field(
        30, description="What Azure offers and its token buckets, after they were last asked for or used."
    )
    workers_days: Days = Field(1, description="Workers that have ended.")


class HttpSettings(BaseModel):
    """How the API is served."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    max_body_bytes: PositiveInt = Field(1_000_000, description="A larger request body is refused with 413.")
    body_stall_seconds: Seconds = Field(15, description="A body that stops arriving for so long is refused with 408.")
    max_header_bytes: PositiveInt = Field(32_768, description="A larger request head is refused with 431.")
    max_header_count: PositiveInt = Field(100, description="A request head with more fields is refused with 431.")
    header_seconds: Seconds = Field(10, description="A slower request head is refused with 408.")
    send_stall_seconds: Seconds = Field(
        15, description="The connection of a client that takes too little of its answer for so long is cut."
    )
    keep_alive_seconds: PositiveInt = Field(
        15, description="An idle connection is closed after so long; behind a load balancer, more than its own limit."
    )
    backlog: PositiveInt = Field(512, description="Connections that may wait to be accepted.")
    max_connections: PositiveInt = Field(
        800,
        description="Connections open at once, idle ones too; more are refused with 503. Together with the database's "
        "they must stay below the process's limit of open files.",
    )
    max_concurrency: PositiveInt = Field(512, description="Requests served at once; more are refused with 503.")
    drain_seconds: Seconds = Field(25, description="After SIGTERM open requests may end for at most so long.")
    drain_notice_seconds: float = Field(
        0, ge=0, description="After SIGTERM `/readyz` is red for so long before connections are refused."
    )
    max_wait_seconds: PositiveInt = Field(60, description="The longest `?wait=`.")


class SecretSettings(BaseModel):
    """Keys for the secrets that must outlive a request, such as a Windows password, until Azure has them."""

    keys: list[SecretStr] = Field(
        [],
        description="Fernet keys (32 bytes in URL-safe base64), newest first: the first seals, all of them open. A key "
        "may go when no request of its time is still under way. Without one, requests that bring such a secret are "
        "refused.",
    )
    named: dict[str, SecretStr] = Field(
        {},
        description="Secrets that a request names instead of bringing them, such as a service principal's: a JSON "
        "object, by names of small letters, digits, `-` and `_`.",
    )

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, keys: list[SecretStr]) -> list[SecretStr]:
        for number, key in enumerate(keys, start=1):
            try:
                Fernet(key.get_secret_value())
            except ValueError:
                # What is wrong with it is not told: the text could be half of a key.
                raise ValueError(f"key {number} is no Fernet key") from None
        return keys


class LogSettings(BaseModel):
    """What is logged, and how."""

    level: str = Field("info", description="debug, info, warning or error.")
    format: LogFormat = Field(LogFormat.AUTO, description="auto: JSON when the output is no terminal.")


class Settings(BaseSettings):
    """Slipway's settings."""

    model_config = SettingsConfigDict(env_prefix="SLIPWAY_", env_nested_delimiter="__", extra="forbid")

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    azure: AzureSettings = Field(default_factory=AzureSettings)
    kubernetes: KubernetesSettings = Field(default_factory=KubernetesSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    secrets: SecretSettings = Field(default_factory=SecretSettings)
    expect: ExpectSettings = Field(default_factory=ExpectSettings)
    log: LogSettings = Field(default_factory=LogSettings)
