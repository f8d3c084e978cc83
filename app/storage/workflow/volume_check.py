"""The step that looks before it asks: what would keep a pod from mounting is told at once, and all of it."""

from dataclasses import dataclass

from app.clusters.workflow.inside import inside
from app.core.errors import ErrorClass
from app.core.objections import Objection
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud, azure_call
from app.kubernetes.client import ClusterClient
from app.storage.live.mount import read_path
from app.storage.specs.findings import Finding, Health
from app.storage.specs.mount_path import look_at_path, problems_of
from app.storage.specs.objections import VolumeNotPossibleError
from app.storage.specs.volume_asked import Asked
from app.storage.specs.volume_objects import ACCOUNT_LABEL, VOLUME_LABEL, handle_of, secret_name
from app.storage.specs.volume_wanted import KEY

# What can be mended while the volume is there; a pod only mounts later.
_LATER = frozenset({"capacity"})


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found that works, and is probably not what was meant."""

    warnings: tuple[str, ...] = ()


@cloud_step
async def check_volume(cloud: Cloud, asked: Asked) -> Checked:
    """Look at the namespace, at names and handles that others have, and at the way from the nodes to the share."""
    async with inside(cloud, asked.place) as client:
        against = await _namespace(client, asked)
        if not against:
            against = await _names(client, asked)
    path = await read_path(
        cloud.gateways.azure,
        asked.place,
        asked.account.subscription_id,
        asked.share,
        asked.wanted,
        call=azure_call(cloud),
    )
    findings = look_at_path(path)
    against += [_objection(each) for each in problems_of(findings) if each.check not in _LATER]
    if against:
        raise VolumeNotPossibleError(against)
    told = (Health.WARNING, Health.PROBLEM)
    return Checked(tuple(each.detail for each in findings if each.health in told))


def _objection(found: Finding) -> Objection:
    pointer = "/auth" if found.check in {"key", "fips"} else "/share/id"
    return Objection(found.code or found.check, found.error_class, found.detail, found.remedy or "", pointer)


async def _namespace(client: ClusterClient, asked: Asked) -> list[Objection]:
    name = asked.volume.namespace
    namespace = await client.namespace(name)
    if namespace is None:
        detail, remedy = f"The cluster has no namespace {name}.", f"Make it: kubectl create namespace {name}."
        return [Objection("namespace_not_found", ErrorClass.CONFIGURATION, detail, remedy, "/namespace")]
    if namespace.deleting:
        detail = f"The namespace {name} is being deleted, and takes nothing new."
        remedy = "Wait until it is gone and make it again, or use another one."
        return [Objection("kubernetes_namespace_ending", ErrorClass.CONFLICT, detail, remedy, "/namespace")]
    return []


async def _names(client: ClusterClient, asked: Asked) -> list[Objection]:
    volume, against = asked.volume, []
    claim = await client.storage.claim(volume.namespace, volume.name)
    if claim is not None and claim.labels.get(VOLUME_LABEL) != volume.volume_id:
        detail = (
            f"The namespace has a claim {asked.key} that Slipway did not make for this volume; nothing was changed."
        )
        remedy = "Choose another name or namespace, or have that claim removed by whoever made it."
        against.append(Objection("claim_not_ours", ErrorClass.CONFLICT, detail, remedy, "/name"))
    if asked.wanted.auth == KEY:
        secret = await client.storage.secret(volume.namespace, secret_name(asked.account.name))
        if secret is not None and secret.labels.get(ACCOUNT_LABEL) != asked.account.name:
            detail = f"The namespace has a Secret {secret.name} that Slipway did not make; nothing was changed."
            remedy = "Have that Secret removed or renamed by whoever made it, or use another namespace."
            against.append(Objection("secret_not_ours", ErrorClass.CONFLICT, detail, remedy, "/namespace"))
    handle = handle_of(volume, asked.share)
    for each in await client.storage.volumes():
        if each.handle == handle and each.name != volume.persistent_volume:
            detail = f"The PersistentVolume {each.name} has this volume's handle: the driver would take both for one."
            remedy = "Delete that PersistentVolume where it was made; the share stays (reclaim policy Retain)."
            against.append(Objection("handle_taken", ErrorClass.CONFLICT, detail, remedy, "/name"))
    return against
