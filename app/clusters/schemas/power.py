"""What can be done to a cluster as a whole, on the wire."""

from pydantic import ConfigDict

from app.api.schemas import RequestModel
from app.clusters.schemas.pools import PoolName
from app.jobs.schemas import RunOptions


class ClusterAct(RequestModel):
    """How the job shall run."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"options": {"on_busy": "fail"}}]})

    options: RunOptions = RunOptions()


class ClusterAbort(RequestModel):
    """What shall be aborted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"node_pool": None}]})

    node_pool: PoolName | None = None
    """null: what goes on with the cluster and all its pools."""
    options: RunOptions = RunOptions()
