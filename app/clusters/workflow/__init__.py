"""The jobs about clusters. Each file's first function is its table of contents."""

from app.clusters.workflow.abort import abort_workflow
from app.clusters.workflow.create import create_workflow
from app.clusters.workflow.delete import delete_workflow
from app.clusters.workflow.reconcile import reconcile_workflow
from app.clusters.workflow.reset_aad import reset_aad_workflow
from app.clusters.workflow.reset_service_principal import reset_service_principal_workflow
from app.clusters.workflow.rotate_certificates import rotate_certificates_workflow
from app.clusters.workflow.run_command import run_command_workflow
from app.clusters.workflow.scale import scale_workflow
from app.clusters.workflow.start import start_workflow
from app.clusters.workflow.stop import stop_workflow
from app.clusters.workflow.sync import sync_workflow
from app.clusters.workflow.update import update_workflow
from app.clusters.workflow.upgrade import upgrade_workflow

WORKFLOWS = (
    abort_workflow,
    create_workflow,
    delete_workflow,
    reset_aad_workflow,
    reset_service_principal_workflow,
    rotate_certificates_workflow,
    reconcile_workflow,
    run_command_workflow,
    scale_workflow,
    start_workflow,
    stop_workflow,
    sync_workflow,
    update_workflow,
    upgrade_workflow,
)
