"""The jobs of this slice. Each file's first function is its table of contents."""

from app.node_pools.workflow.add import add_workflow
from app.node_pools.workflow.change import change_workflow
from app.node_pools.workflow.delete_machines import delete_machines_workflow
from app.node_pools.workflow.power import start_workflow, stop_workflow
from app.node_pools.workflow.remove import remove_workflow
from app.node_pools.workflow.replace_machines import replace_machines_workflow
from app.node_pools.workflow.rotate import rotate_workflow
from app.node_pools.workflow.upgrade import upgrade_workflow

WORKFLOWS = (
    add_workflow,
    change_workflow,
    delete_machines_workflow,
    remove_workflow,
    replace_machines_workflow,
    rotate_workflow,
    start_workflow,
    stop_workflow,
    upgrade_workflow,
)
