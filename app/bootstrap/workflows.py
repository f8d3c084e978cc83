"""All jobs that Slipway can do."""

from app.clusters.service.addresses import register_finder
from app.clusters.service.parts import register_part
from app.clusters.workflow import WORKFLOWS as CLUSTER_WORKFLOWS
from app.engine.kinds import JobKind
from app.jobs.workflow import Workflow
from app.load_balancers.service.exposure_part import EXPOSURES
from app.load_balancers.service.public_ip_use import find_for_outbound
from app.load_balancers.workflow import WORKFLOWS as LOAD_BALANCER_WORKFLOWS
from app.monitoring.service.part import MONITORING
from app.monitoring.workflow import WORKFLOWS as MONITORING_WORKFLOWS
from app.node_pools.workflow import WORKFLOWS as NODE_POOL_WORKFLOWS
from app.storage.service.volume_part import VOLUMES
from app.storage.workflow import WORKFLOWS as STORAGE_WORKFLOWS
from app.subscriptions.workflow import WORKFLOWS as SUBSCRIPTION_WORKFLOWS

WORKFLOWS: tuple[Workflow, ...] = (
    *SUBSCRIPTION_WORKFLOWS,
    *CLUSTER_WORKFLOWS,
    *NODE_POOL_WORKFLOWS,
    *LOAD_BALANCER_WORKFLOWS,
    *STORAGE_WORKFLOWS,
    *MONITORING_WORKFLOWS,
)
register_part(EXPOSURES)
register_part(VOLUMES)
register_part(MONITORING)
register_finder(find_for_outbound)
KINDS: dict[str, JobKind] = {workflow.kind.name: workflow.kind for workflow in WORKFLOWS}
