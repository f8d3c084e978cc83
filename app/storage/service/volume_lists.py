"""Read volumes: rows only, however many there are."""

from collections.abc import Mapping
from typing import cast

from sqlalchemy import Connection, Select, bindparam, select

from app.auth.scope import Scope, in_project, no_such_cluster, parameters
from app.core.ids import Prefix, is_id
from app.models import Cluster, Volume
from app.storage.service.volumes import no_such_volume

_CLUSTERS = in_project(select(Cluster.id), Cluster)
_BY_ID = _CLUSTERS.where(Cluster.id == bindparam("cluster"))
_LIVING_BY_NAME = _CLUSTERS.where(Cluster.name == bindparam("cluster"), Cluster.deleted_at.is_(None))
_VOLUME = in_project(select(*Volume.__table__.columns), Volume).where(
    Volume.id == bindparam("volume"), Volume.cluster_id == bindparam("cluster_id")
)


def look_up_volume(connection: Connection, scope: Scope, path: Mapping[str, str]) -> Volume:
    """A volume by id, also after it was deleted: a row with its attributes, to be read only.

    Raises NotFoundError.
    """
    by = _BY_ID if is_id(path["cluster"], Prefix.CLUSTER) else _LIVING_BY_NAME
    cluster_id = connection.execute(by, {"cluster": path["cluster"], **parameters(scope)}).scalar_one_or_none()
    if cluster_id is None:
        raise no_such_cluster()
    asked = {"volume": path["volume"], "cluster_id": cluster_id, **parameters(scope)}
    found = connection.execute(_VOLUME, asked).one_or_none()
    if found is None:
        raise no_such_volume()
    return cast("Volume", found)


def list_(
    scope: Scope, cluster: Cluster, *, namespace: str | None, name: str | None, state: str | None, share: str | None
) -> Select[Volume]:
    """The query of a cluster's volumes; deleted ones only when their state is asked for."""
    query = in_project(select(Volume), Volume, scope).where(Volume.cluster_id == cluster.id)
    query = query.where(Volume.state == state) if state else query.where(Volume.deleted_at.is_(None))
    if namespace is not None:
        query = query.where(Volume.namespace == namespace)
    if name is not None:
        query = query.where(Volume.name == name)
    if share is not None:
        query = query.where(Volume.share_id == share)
    return query
