"""The jobs about providers and resource groups. Each file's first function is its table of contents."""

from app.subscriptions.workflow.create_group import create_workflow
from app.subscriptions.workflow.delete_group import delete_workflow
from app.subscriptions.workflow.register_provider import register_workflow

WORKFLOWS = (create_workflow, delete_workflow, register_workflow)
