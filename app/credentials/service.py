"""Who may have a kubeconfig, and the record of who took one: rows only."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.scope import Scope, get_cluster, in_project
from app.clusters.service.start import require_running
from app.clusters.specs.states import SERVING
from app.core.errors import ConflictError, FieldError, InvalidRequestError
from app.core.ids import Prefix, new_id
from app.credentials.schemas import CredentialKind
from app.db.pages import Page, Position, read_page
from app.events import emit
from app.models import TERMINAL, Cluster, Credential, Job, Role

_SLUG_LENGTH = 40


class ClusterNotReadyError(ConflictError):
    """The cluster has no API server to give a kubeconfig for, or will not have one for long."""

    code = "cluster_not_ready"
    title = "The cluster is not ready"


@dataclass(frozen=True, slots=True)
class Grant:
    """What was allowed: enough to ask Azure without the database. `fqdns` are the names that the cluster must prove."""

    cluster_id: str
    cluster_name: str
    subscription_id: str
    resource_group: str
    azure_name: str
    fqdns: tuple[str, ...]
    kind: CredentialKind
    reason: str | None
    no_admin: bool = False
    """An admin's was asked for, and there is none: the cluster's local accounts are disabled."""

    @property
    def context(self) -> str:
        """The context's name, unique for each cluster's id and kind, so that kubeconfigs can be merged."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.cluster_name.lower())[:_SLUG_LENGTH].strip("-")
        unique = self.cluster_id.removeprefix(f"{Prefix.CLUSTER}_")
        return "-".join(part for part in (slug, unique, "admin" if self.kind is CredentialKind.ADMIN else "") if part)


async def authorize(
    session: AsyncSession, scope: Scope, cluster: str, *, kind: CredentialKind, reason: str | None
) -> Grant:
    """Decide whether the caller may have this kubeconfig.

    Where the cluster has no admin, the users' kubeconfig takes its place (trouble 37). Raises NotFoundError,
    PermissionDeniedError, InvalidRequestError (no reason), ClusterNotReadyError, ClusterStoppedError.
    """
    row = await get_cluster(session, scope, cluster)
    scope.principal.requires(Role.ADMIN if kind is CredentialKind.ADMIN else Role.OPERATOR)
    if kind is CredentialKind.ADMIN and reason is None:
        missing = FieldError("required", "/reason", "An admin's kubeconfig is given for a reason only.")
        raise InvalidRequestError("The reason is missing.", errors=[missing])
    observed = row.observed or {}
    fqdns = tuple(name for name in (observed.get("fqdn"), observed.get("private_fqdn")) if name)
    require_running(row)
    if row.state not in SERVING or not fqdns:
        raise await _not_ready(session, row)
    grant = Grant(
        cluster_id=row.id,
        cluster_name=row.name,
        subscription_id=row.subscription_id,
        resource_group=row.resource_group,
        azure_name=row.azure_name,
        fqdns=fqdns,
        kind=kind,
        reason=reason,
    )
    admin_gone = kind is CredentialKind.ADMIN and observed.get("local_accounts_disabled")
    return without_admin(grant) if admin_gone else grant


def without_admin(grant: Grant) -> Grant:
    """The grant of the users' kubeconfig in the admin's place."""
    return replace(grant, kind=CredentialKind.USER, no_admin=True)


async def record(
    session: AsyncSession,
    scope: Scope,
    grant: Grant,
    *,
    expires_at: datetime | None,
    request_id: str,
    now: datetime,
) -> Credential:
    """Write who takes the kubeconfig. The rules are checked again: much may have happened while Azure was asked."""
    again = await authorize(session, scope, grant.cluster_id, kind=grant.kind, reason=grant.reason)
    if replace(again, cluster_name=grant.cluster_name, no_admin=grant.no_admin) != grant:
        raise ClusterNotReadyError("The cluster changed while its kubeconfig was read.", remedy="Ask again.")
    credential = Credential(
        id=new_id(Prefix.CREDENTIAL),
        project_id=scope.project.id,
        cluster_id=grant.cluster_id,
        kind=grant.kind,
        reason=grant.reason,
        issued_to=scope.principal.name,
        issued_at=now,
        expires_at=expires_at,
        request_id=request_id,
    )
    session.add(credential)
    await emit(
        session,
        "credential.issued",
        at=now,
        project_id=scope.project.id,
        subject=("cluster", grant.cluster_id),
        data={
            "credential_id": credential.id,
            "kind": str(grant.kind),
            "issued_to": scope.principal.name,
            "principal_id": scope.principal.id,
            "reason": grant.reason,
        },
    )
    return credential


async def record_refusal(session: AsyncSession, scope: Scope, grant: Grant, *, code: str, now: datetime) -> None:
    """Write that nothing was given out, because what Azure returned could not be trusted."""
    await emit(
        session,
        "credential.refused",
        at=now,
        project_id=scope.project.id,
        subject=("cluster", grant.cluster_id),
        data={"kind": str(grant.kind), "asked_by": scope.principal.name, "code": code},
    )


async def list_(
    session: AsyncSession, scope: Scope, cluster: str, *, limit: int, after: Position | None
) -> Page[Credential]:
    """The records of a cluster's kubeconfigs, newest first."""
    row = await get_cluster(session, scope, cluster)
    statement = in_project(select(Credential).where(Credential.cluster_id == row.id), Credential, scope)
    columns = (Credential.issued_at, Credential.id)
    return await read_page(session, statement, columns, after=after, limit=limit, descending=True)


async def _not_ready(session: AsyncSession, cluster: Cluster) -> ClusterNotReadyError:
    running = select(Job.id).where(Job.target_id == cluster.id, Job.state.not_in(TERMINAL)).order_by(Job.id).limit(1)
    job_id = await session.scalar(running)
    if job_id is None:
        return ClusterNotReadyError(
            f"The cluster is {cluster.state}, and no job is changing that.",
            remedy=f"Compare it with Azure: POST /v1/clusters/{cluster.id}:sync.",
        )
    return ClusterNotReadyError(
        f"The cluster is {cluster.state}; the job {job_id} is at work.",
        remedy=f"Wait for it: GET /v1/jobs/{job_id}?wait=30.",
    )
