"""The jobs of this slice. Each file's first function is its table of contents."""

from app.load_balancers.workflow.expose import create_workflow, update_workflow
from app.load_balancers.workflow.outbound import outbound_workflow
from app.load_balancers.workflow.unexpose import delete_workflow

WORKFLOWS = (create_workflow, update_workflow, delete_workflow, outbound_workflow)
