"""The jobs of this slice. Each file's first function is its table of contents."""

from app.load_balancers.workflow.adopt_public_ip import adopt_workflow
from app.load_balancers.workflow.change_exposure import update_workflow
from app.load_balancers.workflow.expose import create_workflow
from app.load_balancers.workflow.outbound import outbound_workflow
from app.load_balancers.workflow.release_public_ip import release_workflow
from app.load_balancers.workflow.reserve_public_ip import reserve_workflow
from app.load_balancers.workflow.unexpose import delete_workflow

WORKFLOWS = (
    create_workflow,
    update_workflow,
    delete_workflow,
    adopt_workflow,
    outbound_workflow,
    release_workflow,
    reserve_workflow,
)
