"""The jobs of this slice. Each file's first function is its table of contents."""

from app.load_balancers.workflow.outbound import outbound_workflow

WORKFLOWS = (outbound_workflow,)
