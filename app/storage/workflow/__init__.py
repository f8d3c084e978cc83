"""The jobs of this slice. Each file's first function is its table of contents."""

from app.storage.workflow.bind_volume import create_workflow as bind_workflow
from app.storage.workflow.create_share import create_workflow
from app.storage.workflow.create_storage_class import create_class_workflow
from app.storage.workflow.delete_account import delete_account_workflow
from app.storage.workflow.delete_share import delete_workflow
from app.storage.workflow.delete_snapshot import delete_snapshot_workflow
from app.storage.workflow.delete_storage_class import delete_class_workflow
from app.storage.workflow.grow_share import update_workflow
from app.storage.workflow.repair_key import repair_workflow
from app.storage.workflow.restore_share import restore_workflow
from app.storage.workflow.rotate_key import rotate_workflow
from app.storage.workflow.snapshots import snapshot_workflow
from app.storage.workflow.unbind_volume import delete_workflow as unbind_workflow

WORKFLOWS = (
    create_workflow,
    update_workflow,
    delete_workflow,
    restore_workflow,
    snapshot_workflow,
    delete_snapshot_workflow,
    delete_account_workflow,
    bind_workflow,
    unbind_workflow,
    create_class_workflow,
    delete_class_workflow,
    rotate_workflow,
    repair_workflow,
)
