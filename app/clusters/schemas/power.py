"""What can be done to a cluster as a whole, on the wire."""

from pydantic import ConfigDict

from app.api.schemas import RequestModel
from app.jobs.schemas import RunOptions


class ClusterAct(RequestModel):
    """How the job shall run."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"options": {"on_busy": "fail"}}]})

    options: RunOptions = RunOptions()
