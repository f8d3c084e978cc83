"""The jobs of this slice. Each file's first function is its table of contents."""

from app.monitoring.workflow.delete_workspace import delete_workspace_workflow
from app.monitoring.workflow.disable import disable_workflow
from app.monitoring.workflow.enable import enable_workflow

WORKFLOWS = (enable_workflow, disable_workflow, delete_workspace_workflow)
