"""Asks Azure for a kubeconfig while a request waits."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, cast

from app.api.calls import Asking
from app.api.services import Services
from app.azure.errors import AzureError
from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.core.breaker import Breaker
from app.core.clock import Clock
from app.core.settings import AzureSettings
from app.credentials import service
from app.credentials.schemas import CredentialIssued, CredentialKind, CredentialRequest
from app.credentials.service import Grant
from app.kubernetes.errors import UntrustedKubeconfigError
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.kubeconfig import rebuild
from app.kubernetes.types import Kubeconfig, LoginMode
from app.models import Credential

_NOT_REVOCABLE = (
    "Azure cannot revoke this certificate by itself: it works until it expires, or until all of the cluster's "
    "certificates are rotated. `--disable-local-accounts` on the cluster ends such certificates altogether."
)
_NO_ADMIN = (
    "The cluster has no admin account, since its local accounts are disabled: this is its users' kubeconfig, and what "
    "it may do is decided by Entra and the cluster's own roles."
)
_ENTRA = "Its user logs in through Microsoft Entra with kubelogin, without asking a person; install kubelogin first."


@dataclass(slots=True)
class CredentialSource:
    """Reads kubeconfigs from Azure, checked."""

    azure: AzureGateway
    kubernetes: KubernetesGateway
    clock: Clock
    settings: AzureSettings
    breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.clock, name="Azure")

    async def read(self, grant: Grant) -> Kubeconfig:
        """Read the kubeconfig that was granted.

        Raises what the gateway raises, NotAnsweringError, UntrustedKubeconfigError.
        """
        clusters = self.azure.subscription(grant.subscription_id).managed_clusters
        call = Call(deadline=self.clock.now() + timedelta(seconds=self.settings.request_timeout_seconds))
        ask = clusters.admin_credential if grant.kind is CredentialKind.ADMIN else clusters.user_credential
        async with self.breaker.guard(grant.subscription_id):
            secret = await ask(grant.resource_group, grant.azure_name, call=call)
        return await self.kubernetes.read_kubeconfig(secret.reveal_bytes(), fqdns=grant.fqdns)


class _Composed(Services, Protocol):
    @property
    def credential_source(self) -> CredentialSource: ...


def source_of(services: Services) -> CredentialSource:
    """The source that this process was composed with (`services.credential_source`)."""
    return cast("_Composed", services).credential_source


@dataclass(frozen=True, slots=True)
class Issued:
    """A kubeconfig that was recorded and may leave."""

    record: Credential
    context: str
    notes: tuple[str, ...]
    document: bytes = field(repr=False)

    def as_json(self) -> CredentialIssued:
        """The answer in JSON; its `kubeconfig` is a secret."""
        row = self.record
        return CredentialIssued(
            id=row.id,
            cluster_id=row.cluster_id,
            kind=row.kind,
            reason=row.reason,
            issued_to=row.issued_to,
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            request_id=row.request_id,
            context=self.context,
            notes=list(self.notes),
            kubeconfig=self.document.decode(),
            secret_state="shown",  # noqa: S106 - the name of a state, no secret
        )


async def issue(call: Asking, cluster: str, wanted: CredentialRequest) -> Issued:
    """Authorise, ask Azure, write the record; what is returned was committed before.

    No transaction is open while Azure is asked. When the record cannot be written, nothing is given out.
    """
    async with call.database.read() as session:
        grant = await service.authorize(session, call.scope, cluster, kind=wanted.kind, reason=wanted.reason)
    try:
        grant, kubeconfig = await _read(source_of(call.services), grant)
    except UntrustedKubeconfigError as error:
        async with call.database.write() as session:
            await service.record_refusal(session, call.scope, grant, code=error.problem.code, now=call.now)
        raise
    document = rebuild(kubeconfig, context_name=grant.context, login=LoginMode(wanted.login))
    record = await _record(call, grant, expires_at=kubeconfig.expires_at)
    return Issued(record=record, context=grant.context, notes=_notes(grant, kubeconfig), document=document)


async def _read(source: CredentialSource, grant: Grant) -> tuple[Grant, Kubeconfig]:
    """The kubeconfig, and the grant as it came out: where only Azure knew that there is no admin, it is the users'."""
    try:
        return grant, await source.read(grant)
    except AzureError as error:
        if error.problem.code != "azure_local_accounts_disabled":
            raise
    users = service.without_admin(grant)
    return users, await source.read(users)


async def _record(call: Asking, grant: Grant, *, expires_at: datetime | None) -> Credential:
    return await call.database.transaction(
        lambda session: service.record(
            session, call.scope, grant, expires_at=expires_at, request_id=call.request_id, now=call.now
        )
    )


def _notes(grant: Grant, kubeconfig: Kubeconfig) -> tuple[str, ...]:
    notes = [_NO_ADMIN] if grant.no_admin else []
    if kubeconfig.client_certificate is not None:
        notes.append(_NOT_REVOCABLE)
    if kubeconfig.exec_plugin is not None:
        notes.append(_ENTRA)
    return tuple(notes)
