"""What a query of logs needs of rows: which workspace, and whether what it asks for is collected."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import ConflictError, InvalidRequestError
from app.models import Cluster, Workspace, WorkspaceState
from app.monitoring.schemas.logs import LogsQuery, QueryName
from app.monitoring.service.monitoring import require
from app.monitoring.specs.named_queries import Span, span_of, stream_of, wrong_parameters
from app.monitoring.specs.presets import Collected


class NotCollectedError(ConflictError):
    """The cluster's monitoring does not collect what the query reads."""

    code = "not_collected"
    title = "This is not collected"
    remedy = "Have it collected: PUT /v1/clusters/{id}/monitoring with these `streams` and `namespaces`."


class NoWorkspaceError(ConflictError):
    """There is no workspace to ask: it is still being made, or it is gone."""

    code = "workspace_not_ready"
    title = "The workspace cannot be asked"
    remedy = "See GET /v1/clusters/{id}/monitoring."


class ForeignWorkspaceError(ConflictError):
    """A free query would see rows of other teams: Slipway did not make the workspace."""

    code = "workspace_not_ours"
    title = "The workspace is another team's"
    remedy = "Use the named queries, which see this cluster alone, or ask in Azure with your own rights."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query is about."""

    customer_id: str
    cluster_azure_id: str
    span: Span
    notes: tuple[str, ...]


async def prepare(session: AsyncSession, cluster: Cluster, body: LogsQuery, *, now: datetime) -> Asked:
    """Find the workspace, and check what can be checked without asking it.

    Raises NotFoundError where the cluster is not monitored, InvalidRequestError, NotCollectedError, NoWorkspaceError,
    ForeignWorkspaceError.
    """
    span, errors = span_of(body, now)
    errors += wrong_parameters(body)
    if errors:
        raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=errors)
    known = await require(session, cluster.id)
    workspace = known.workspace
    customer_id = ((workspace.observed if workspace else None) or {}).get("customer_id")
    if workspace is None or customer_id is None or workspace.state == WorkspaceState.LOST:
        raise NoWorkspaceError("The workspace is gone." if customer_id else "The workspace is not there yet.")
    _require_ours(body, workspace)
    notes = _require_collected(body, Collected.from_json(known.row.wanted))
    azure_id = (cluster.observed or {}).get("azure_id") or _azure_id(cluster)
    return Asked(customer_id, azure_id, span, notes)


def _require_ours(body: LogsQuery, workspace: Workspace) -> None:
    if body.query is QueryName.KQL and not workspace.managed:
        raise ForeignWorkspaceError("Slipway did not make this workspace.")


def _require_collected(body: LogsQuery, collected: Collected) -> tuple[str, ...]:
    stream = stream_of(body)
    if stream is not None and str(stream) not in collected.streams:
        raise NotCollectedError(f"The stream {stream} is not collected.")
    namespace = body.namespace
    if namespace is None or collected.namespace_mode == "off":
        return ()
    named = namespace in collected.namespaces
    if named is (collected.namespace_mode == "include"):
        return ()
    if body.query is QueryName.POD_LOGS:
        raise NotCollectedError(f"Logs of the namespace {namespace} are not collected.")
    return (f"The namespace {namespace} is left out of what is collected.",)


def _azure_id(cluster: Cluster) -> str:
    return (
        f"/subscriptions/{cluster.subscription_id}/resourceGroups/{cluster.resource_group}"
        f"/providers/Microsoft.ContainerService/managedClusters/{cluster.azure_name}"
    )
