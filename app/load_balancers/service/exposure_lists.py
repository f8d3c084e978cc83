"""Read exposures: rows only, however many there are."""

from collections.abc import Mapping
from typing import cast

from sqlalchemy import Connection, Select, bindparam, select

from app.auth.scope import Scope, in_project, no_such_cluster, parameters
from app.core.ids import Prefix, is_id
from app.load_balancers.service.exposures import no_such_exposure
from app.models import Cluster, Exposure

_CLUSTERS = in_project(select(Cluster.id), Cluster)
_BY_ID = _CLUSTERS.where(Cluster.id == bindparam("cluster"))
_LIVING_BY_NAME = _CLUSTERS.where(Cluster.name == bindparam("cluster"), Cluster.deleted_at.is_(None))
_EXPOSURE = in_project(select(*Exposure.__table__.columns), Exposure).where(
    Exposure.id == bindparam("exposure"), Exposure.cluster_id == bindparam("cluster_id")
)


def look_up_exposure(connection: Connection, scope: Scope, path: Mapping[str, str]) -> Exposure:
    """An exposure by id, also after it was deleted: a row with its attributes, to be read only.

    Raises NotFoundError.
    """
    by = _BY_ID if is_id(path["cluster"], Prefix.CLUSTER) else _LIVING_BY_NAME
    cluster_id = connection.execute(by, {"cluster": path["cluster"], **parameters(scope)}).scalar_one_or_none()
    if cluster_id is None:
        raise no_such_cluster()
    asked = {"exposure": path["exposure"], "cluster_id": cluster_id, **parameters(scope)}
    found = connection.execute(_EXPOSURE, asked).one_or_none()
    if found is None:
        raise no_such_exposure()
    return cast("Exposure", found)


def list_(
    scope: Scope,
    cluster: Cluster,
    *,
    namespace: str | None,
    name: str | None,
    state: str | None,
    managed: bool | None,
) -> Select[Exposure]:
    """The query of a cluster's exposures; deleted ones only when their state is asked for."""
    query = in_project(select(Exposure), Exposure, scope).where(Exposure.cluster_id == cluster.id)
    query = query.where(Exposure.state == state) if state else query.where(Exposure.deleted_at.is_(None))
    if namespace is not None:
        query = query.where(Exposure.namespace == namespace)
    if name is not None:
        query = query.where(Exposure.name == name)
    if managed is not None:
        query = query.where(Exposure.managed.is_(managed))
    return query
