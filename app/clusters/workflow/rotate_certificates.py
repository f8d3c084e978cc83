"""`cluster.rotate_certificates`: all of a cluster's certificates are new, and credentials given before are void."""

from dataclasses import dataclass
from hashlib import sha256

from app.azure.types.cluster import ManagedCluster
from app.azure.types.watch import TargetKind
from app.clusters.live import log_in
from app.clusters.service.certificates import void_credentials
from app.clusters.specs.kinds import ROTATE_CERTIFICATES
from app.clusters.specs.wanted import Place
from app.clusters.workflow import await_azure, plan
from app.clusters.workflow.await_azure import Begun, Made, NotAppliedError
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.leave import clean_up_change
from app.clusters.workflow.proof import Proof, prove
from app.core.clock import rfc3339
from app.core.text import counted
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.models import ClusterState

_ROTATING = "rotatingclustercertificates"


async def rotate_certificates(job: JobRun) -> None:
    """Replace the certificates, see that they are others, and that the cluster lives with them."""
    asked = await job.record(begin_rotation)
    before = await job.cloud(read_authority, asked)
    begun = await job.cloud(rotate_in_azure, asked, before)
    if plan.only_acceptance(job):
        await job.record(plan.record_accepted)
        return
    await job.cloud(await_rotation, asked, begun)
    made = await job.cloud(read_rotated, asked, before)
    proof = await job.cloud(prove_rotated, asked, made)
    await job.record(record_rotated, made, proof)


@dataclass(frozen=True, slots=True)
class Authority:
    """Whose certificates a cluster's are: the digest of its authority's, which is no secret."""

    digest: str


@record_step
async def begin_rotation(record: Record) -> Place:
    """Mark the cluster as being changed."""
    return (await plan.begin(record, ClusterState.UPDATING)).place


@cloud_step
async def read_authority(cloud: Cloud, place: Place) -> Authority:
    """Read what the certificates are before, so that it shows whether they were rotated already."""
    return await _authority(cloud, place, await require_changeable(cloud, place))


@cloud_step
async def rotate_in_azure(cloud: Cloud, place: Place, before: Authority) -> Begun | None:
    """Ask Azure for new certificates, unless they are new."""
    present = await require_changeable(cloud, place)
    asked_at = cloud.clock.now()
    if present.provisioning_state.lower() == _ROTATING:
        # Asked already, by a run whose end was lost.
        return Begun(present.id, None, asked_at)
    if await _authority(cloud, place, present) != before:
        return None
    verbs = cloud.gateways.azure.subscription(place.subscription_id).cluster_verbs
    operation = await verbs.rotate_certificates(place.resource_group, place.azure_name, call=azure_call(cloud))
    return Begun(present.id, operation, asked_at)


@cloud_step
async def await_rotation(cloud: Cloud, place: Place, begun: Begun | None) -> None:
    """Wait until Azure has replaced certificates and nodes; meanwhile the API server does not answer."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected="certificates_rotate",
    )


@cloud_step
async def read_rotated(cloud: Cloud, place: Place, before: Authority) -> Made:
    """Read that the certificates are others."""
    made = await await_azure.read_made(cloud, place)
    if await _authority(cloud, place, made.cluster) == before:
        raise NotAppliedError("The cluster's certificates are those of before.")
    return made


@cloud_step
async def prove_rotated(cloud: Cloud, place: Place, made: Made) -> Proof:
    """The API server answers with its new certificate, and all nodes are Ready; Slipway logs in anew for it."""
    return await prove(cloud, place, made.cluster)


@record_step
async def record_rotated(record: Record, made: Made, proof: Proof) -> None:
    """Write that the cluster is ready again, and which credentials are void."""
    cluster = await plan.cluster_of(record)
    await plan.serve_again(record, cluster, made)
    void = await void_credentials(record.session, cluster, now=record.now)
    outcome = {"credentials_void": void, "void_before": rfc3339(record.now), **proof.told()}
    await record.emit("cluster.certificates_rotated", data=outcome)
    await record.succeed(
        outcome=outcome, summary=f"The certificates of cluster {cluster.name} are new.{void_words(void)}"
    )


def void_words(void: int) -> str:
    """A sentence for so many kubeconfigs that log in to nothing any more."""
    if not void:
        return ""
    return f" {counted(void, 'kubeconfig')} given before {'logs' if void == 1 else 'log'} in to nothing any more."


async def _authority(cloud: Cloud, place: Place, seen: ManagedCluster) -> Authority:
    gateways = cloud.gateways
    login = await log_in(gateways.azure, gateways.kubernetes, place, call=azure_call(cloud), seen=seen)
    return Authority(sha256(login.kubeconfig.ca_pem.encode()).hexdigest())


rotate_certificates_workflow = Workflow(
    ROTATE_CERTIFICATES, rotate_certificates, ended=plan.record_unchanged, clean_up=clean_up_change
)
