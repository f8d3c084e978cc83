"""All jobs that Slipway can do."""

from app.clusters.workflow import WORKFLOWS as CLUSTER_WORKFLOWS
from app.engine.kinds import JobKind
from app.jobs.workflow import Workflow

WORKFLOWS: tuple[Workflow, ...] = (*CLUSTER_WORKFLOWS,)
KINDS: dict[str, JobKind] = {workflow.kind.name: workflow.kind for workflow in WORKFLOWS}
