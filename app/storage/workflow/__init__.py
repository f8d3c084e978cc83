"""The jobs of this slice. Each file's first function is its table of contents."""

from app.storage.workflow.bind_volume import create_workflow as bind_workflow
from app.storage.workflow.repair_key import repair_workflow
from app.storage.workflow.rotate_key import rotate_workflow
from app.storage.workflow.unbind_volume import delete_workflow as unbind_workflow

WORKFLOWS = (bind_workflow, unbind_workflow, rotate_workflow, repair_workflow)
