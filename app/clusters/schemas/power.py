"""What can be done to a cluster as a whole, on the wire."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from app.api.schemas import RequestModel, ResponseModel
from app.clusters.schemas.identity import Entra, ServicePrincipal
from app.clusters.schemas.pools import PoolName
from app.core.text import PLAIN_LINES
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


class ClusterResetAad(RequestModel):
    """How users of a cluster log in through Entra: the whole of it, what is not named goes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"entra": {"admin_group_ids": ["6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5f"]}}]}
    )

    entra: Entra
    options: RunOptions = RunOptions()


class ClusterCommand(RequestModel):
    """A command that AKS runs in a pod of the cluster. It is kept with the job, so it must hold no secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"command": "kubectl get nodes -o json"}]})

    command: Annotated[str, StringConstraints(min_length=1, max_length=8_192, pattern=r"\S"), PLAIN_LINES]
    options: RunOptions = RunOptions()
    """`deadline_seconds`: how long it may run."""


class CommandOutput(ResponseModel):
    """How a command ended. Azure keeps it, for a while; Slipway does not."""

    exit_code: int
    logs: str
    """What it printed, cut by AKS at 512 KB; it may hold secrets of the cluster."""


class ClusterResetPrincipal(RequestModel):
    """As which application the cluster shall act in Azure; also the same one, with a new secret."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service_principal": {
                        "client_id": "6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5f",
                        "secret": {"setting": "principal"},
                    }
                }
            ]
        }
    )

    service_principal: ServicePrincipal
    options: RunOptions = RunOptions()
