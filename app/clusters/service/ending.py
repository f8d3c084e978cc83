"""Protect clusters, and set when they go by themselves: rows only, Azure knows nothing of either."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.ending import ClusterExtend, Ending, OnExpiry
from app.clusters.service.start import NotReadyError, tell
from app.clusters.specs.ending import PAST, STOPPED_ONCE, end_errors, end_of, names_an_end
from app.core.clock import rfc3339
from app.core.errors import ConflictError, FieldError, InvalidRequestError
from app.core.json import JsonObject
from app.models import Cluster, ClusterState


class ProtectedError(ConflictError):
    """The cluster is protected, so nothing deletes it."""

    code = "cluster_protected"
    title = "The cluster is protected"
    remedy = "Turn its protection off first: PATCH /v1/clusters/{id} with `protection: false`."


class NoEndError(ConflictError):
    """The cluster stays for ever, so there is nothing to extend."""

    code = "cluster_has_no_end"
    remedy = "Set an end: PATCH /v1/clusters/{id} with `ttl_seconds` or `expires_at`."


def require_unprotected(cluster: Cluster) -> None:
    """Raise ProtectedError where the cluster must not be deleted."""
    if cluster.protected:
        raise ProtectedError("The cluster is protected against deletion.")


async def set_ending(session: AsyncSession, cluster: Cluster, body: Ending, *, now: datetime) -> list[JsonObject]:
    """Write protection and end as the request has them, in any state but `deleting`; what changes, as a JSON Patch.

    `end_errors` has been asked before. Raises NotReadyError.
    """
    protected = bool(body.protection) if "protection" in body.model_fields_set else cluster.protected
    end = end_of(body, now=now) if names_an_end(body) else cluster.expires_at
    on_expiry = _on_expiry(cluster, body)
    changes: list[JsonObject] = []
    if protected != cluster.protected:
        changes.append({"op": "replace", "path": "/protection", "value": protected})
    if end != cluster.expires_at:
        changes.append({"op": "replace", "path": "/expires_at", "value": None if end is None else rfc3339(end)})
    if on_expiry != cluster.on_expiry:
        changes.append({"op": "replace", "path": "/on_expiry", "value": on_expiry})
    if not changes:
        return []
    _require_staying(cluster)
    if protected != cluster.protected:
        cluster.protected = protected
        # A protected cluster that has outlived its end is told of again, or goes.
        if cluster.expiry_notices != STOPPED_ONCE:
            cluster.expiry_notices = min(cluster.expiry_notices, PAST)
        await tell(session, cluster, "cluster.protected" if protected else "cluster.unprotected", now)
    if end != cluster.expires_at:
        await _set_end(session, cluster, end, now=now)
    cluster.on_expiry = on_expiry
    cluster.version += 1
    cluster.updated_at = now
    return changes


def _on_expiry(cluster: Cluster, body: Ending) -> str:
    return (body.on_expiry or OnExpiry.DELETE) if "on_expiry" in body.model_fields_set else cluster.on_expiry


async def extend_cluster(session: AsyncSession, cluster: Cluster, body: ClusterExtend, *, now: datetime) -> None:
    """Move the end that is set to a later time. Raises NoEndError, NotReadyError, InvalidRequestError."""
    _require_staying(cluster)
    if cluster.expires_at is None:
        raise NoEndError("No end of the cluster is set.")
    end = body.expires_at or max(cluster.expires_at, now) + timedelta(seconds=body.seconds or 0)
    errors = end_errors(end, now=now)
    if end < cluster.expires_at:
        errors.append(
            FieldError("not_later", "/expires_at", f"The cluster stays until {rfc3339(cluster.expires_at)} anyway.")
        )
    if errors:
        raise InvalidRequestError("This does not extend the cluster's life.", errors=errors)
    if end != cluster.expires_at:
        await _set_end(session, cluster, end, now=now)
        cluster.version += 1
        cluster.updated_at = now


async def _set_end(session: AsyncSession, cluster: Cluster, end: datetime | None, *, now: datetime) -> None:
    cluster.expires_at = end
    cluster.expiry_notices = 0
    await tell(session, cluster, "cluster.expiry_set", now, expires_at="" if end is None else rfc3339(end))


def _require_staying(cluster: Cluster) -> None:
    if cluster.state == ClusterState.DELETING:
        raise NotReadyError("The cluster is being deleted.", remedy="Cancel that job first, where it still can be.")
