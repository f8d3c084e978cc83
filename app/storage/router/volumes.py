"""HTTP: volumes."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.api.calls import Look, OperatorAsks, OperatorWrites, ReaderReads, looks
from app.api.etags import IfMatch, set_etag
from app.api.jobs import point_to_job
from app.api.openapi import errors
from app.api.pagination import Page, Paging
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.clusters.service.start import ClusterStoppedError, NotReadyError, asker_of
from app.db.pages import read_page
from app.jobs.schemas import DeleteOptions
from app.jobs.service import BusyError
from app.jobs.specs import job_read
from app.models import Job, Role, Volume
from app.storage.live import doctor
from app.storage.schemas.diagnosis import DiagnosisRead, MountFindingRead
from app.storage.schemas.volumes import (
    ObjectName,
    Reference,
    VolumeAccepted,
    VolumeCreate,
    VolumeRead,
)
from app.storage.service import volumes
from app.storage.service.diagnosis import ShareWithoutAccountError
from app.storage.service.volume_lists import list_, look_up_volume
from app.storage.service.volumes import VolumeNameTakenError
from app.storage.specs.volume_reads import volume_read

router = api_router(prefix="/v1/clusters/{cluster:name}/volumes", tags=["volumes"])
_Volume = Annotated[
    str, Path(description="The volume's id.", max_length=128, examples=["vol_01k7h2m9t0q4w8x6y5z3v1s2r0"])
]


@router.post(
    "",
    status_code=202,
    summary="Bind a share into a namespace",
    responses=errors(VolumeNameTakenError, ClusterStoppedError, NotReadyError, BusyError),
)
async def create_volume(
    cluster: ClusterPath, body: VolumeCreate, call: OperatorWrites, response: Response
) -> VolumeAccepted:
    """The job makes Secret, PersistentVolume and claim, and waits until it is bound; `pod_yaml` mounts it."""
    job, volume = await volumes.create_volume(call.session, asker_of(call), cluster, body)
    return _accepted(call, response, job, volume)


@router.get("", summary="List a cluster's volumes, newest first")
async def list_volumes(
    *,
    cluster: ClusterPath,
    call: ReaderReads,
    paging: Paging,
    response: Response,
    namespace: ObjectName | None = None,
    name: ObjectName | None = None,
    state: Annotated[str | None, Query(max_length=24, pattern=r"^[a-z_]+$")] = None,
    share: Annotated[Reference | None, Query(description="Volumes of this share, by its id.")] = None,
) -> Page[VolumeRead]:
    """Those that Slipway made; deleted ones only with `state=deleted`. Others' claims: `/claims`."""
    found = await get_cluster(call.session, call.scope, cluster)
    query = list_(call.scope, found, namespace=namespace, name=name, state=state, share=share)
    columns = (Volume.created_at, Volume.id)
    page = await read_page(
        call.session, query, columns, after=paging.after(found.id), limit=paging.limit, descending=True
    )
    return paging.answer(found.id, page, volume_read, response)


@router.get("/{volume:name}", summary="Read a volume")
async def get_volume(
    cluster: ClusterPath,  # noqa: ARG001 - looked up with the caller
    volume: _Volume,  # noqa: ARG001 - looked up with the caller
    call: Annotated[Look[Volume], looks(Role.READER, look_up_volume)],
    response: Response,
) -> VolumeRead:
    """With the claim's phase; where it is not bound, with the reason. Also after its deletion."""
    found = call.found()
    set_etag(response, found.version)
    return volume_read(found)


@router.delete("/{volume:name}", status_code=202, summary="Delete a volume", responses=errors(BusyError))
async def delete_volume(
    *,
    cluster: ClusterPath,
    volume: _Volume,
    call: OperatorWrites,
    response: Response,
    if_match: IfMatch,
    options: Annotated[DeleteOptions, Query()],
) -> VolumeAccepted:
    """The job removes claim, PersistentVolume and Secret, in this order. Pods that use it are named, and it stays.

    The share stays, with all that is in it.
    """
    found = await volumes.lock_volume(call.session, call.scope, cluster, volume)
    if_match.check(found.version)
    job = await volumes.delete_volume(call.session, asker_of(call), found, options.run_options())
    return _accepted(call, response, job, found)


@router.post(
    "/{volume:name}:diagnose",
    summary="Find out why pods cannot mount a volume",
    responses=errors(ShareWithoutAccountError, ClusterStoppedError, NotReadyError),
)
async def diagnose_volume(cluster: ClusterPath, volume: _Volume, call: OperatorAsks) -> DiagnosisRead:
    """All that a mount needs, looked at now in the cluster and in Azure, the likeliest cause first.

    DNS, ports 445 and 2049, firewall, key, FIPS, NFS and secure transfer, capacity, handle, Secret, claim, and what
    nodes say of pods.
    """
    found = await doctor.diagnose_volume(call, cluster, volume)
    return DiagnosisRead(
        volume_id=volume,
        healthy=found.healthy,
        summary=found.summary,
        findings=[
            MountFindingRead(
                check=each.check, state=each.health, code=each.code, detail=each.detail, remedy=each.remedy
            )
            for each in found.findings
        ],
    )


def _accepted(call: OperatorWrites, response: Response, job: Job, volume: Volume) -> VolumeAccepted:
    point_to_job(response, job.id)
    set_etag(response, volume.version)
    return VolumeAccepted(job=job_read(job, call.now), resource=volume_read(volume))
