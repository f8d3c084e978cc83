"""HTTP: the kubectl that fits a cluster."""

from typing import Annotated

from fastapi import Query

from app.api.calls import ReaderReads
from app.api.openapi import errors
from app.api.path_parameters import ClusterPath
from app.api.route import api_router
from app.auth.scope import get_cluster
from app.clusters.schemas.kubectl import ClientArch, ClientOs, KubectlRead
from app.clusters.service.kubectl import VersionUnknownError, find_kubectl

router = api_router(prefix="/v1/clusters/{cluster}/kubectl", tags=["clusters"])


@router.get("", summary="Which kubectl fits a cluster", responses=errors(VersionUnknownError))
async def get_kubectl(
    cluster: ClusterPath,
    call: ReaderReads,
    os: Annotated[ClientOs, Query(description="Where it shall run.")] = ClientOs.LINUX,
    arch: Annotated[ClientArch, Query(description="On which processor.")] = ClientArch.AMD64,
) -> KubectlRead:
    """Where it is published, and the two lines that install it. The setting `kubernetes.kubectl_mirror` says where."""
    found = await get_cluster(call.session, call.scope, cluster)
    return find_kubectl(found, os, arch, mirror=call.services.settings.kubernetes.kubectl_mirror)
