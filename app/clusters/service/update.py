"""Change what is wanted of a cluster: its settings, its tags, its version, who gets onto its nodes."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.in_part import patch_of, require_whole, unless_refused
from app.clusters.schemas.update import ClusterUpdate
from app.clusters.service.ending import set_ending
from app.clusters.service.sealed import GIVEN, MADE, WINDOWS_PASSWORD, keep_sealed, password_of
from app.clusters.service.start import Asker, require_changeable, start, want
from app.clusters.service.versions import changes_version
from app.clusters.specs import kinds
from app.clusters.specs.ending import ENDING, check_end
from app.clusters.specs.properties_patch import switched_off
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.secret_rules import check_password, check_ssh_key
from app.clusters.specs.settings_patch import patched, resets_after, taken_away
from app.clusters.specs.upgrade_path import UpgradeRefusedError
from app.clusters.specs.wanted import TAG, Wanted
from app.core.json import JsonObject, json_patch, merged
from app.core.ssh import same_key
from app.models import Cluster, ClusterState, Job

_VERSION = "kubernetes_version"
_KEY = "ssh_public_key"
_APART = frozenset({"tags", _VERSION, _KEY, WINDOWS_PASSWORD})


@dataclass(frozen=True, slots=True)
class ClusterChange:
    """What a PATCH came to: the job, None where Azure need not be asked, and what is different, as a JSON Patch."""

    job: Job | None
    changes: list[JsonObject]


async def update_cluster(
    session: AsyncSession, asker: Asker, cluster: Cluster, body: ClusterUpdate, *, keys: Sequence[SecretStr]
) -> ClusterChange:
    """Merge the patch into what is wanted, and start the job that sends what differs.

    No job where nothing is changed, or nothing that Azure knows of: protection and end, in any state of the cluster.
    `keys`: under which a password is sealed. Raises InvalidRequestError with all that is wrong, NoSealingKeyError, and
    what `require_changeable` and `set_ending` raise.
    """
    wanted, seen = Wanted.from_json(cluster.wanted), cluster.observed or {}
    patch = patch_of(body, exclude={"options", *ENDING})
    rejections = Rejections()
    check_end(body, rejections, now=asker.now)
    tags = wanted.tags
    if "tags" in patch:
        tags = {} if patch["tags"] is None else merged(wanted.tags, patch["tags"])
    rejections.tags(tags)
    ssh_key = _key(wanted, patch, rejections)
    password = version = None
    with unless_refused():
        password = _password(wanted, body, rejections)
    with unless_refused():
        version = await _version(session, asker, cluster, body, rejections)
    settings = patched(wanted, body, _of_settings(patch), seen, rejections)
    rejections.raise_if_any()
    require_whole(body)

    changes = json_patch(
        {"tags": wanted.tags, _KEY: wanted.ssh_public_key, **wanted.settings},
        {"tags": tags, _KEY: ssh_key, **settings},
    )
    if version is not None:
        changes.insert(0, {"op": "replace", "path": f"/{_VERSION}", "value": version})
    if password is not None:
        # RFC 6902 wants a value: a secret's is null.
        changes.append({"op": "replace", "path": f"/{WINDOWS_PASSWORD}", "value": None})
    if changes:
        require_changeable(cluster)
    ending = await set_ending(session, cluster, body, now=asker.now)
    if not changes:
        return ClusterChange(None, ending)
    gone = [f"{TAG}{key}" for key in wanted.tags if key not in tags]
    gone += taken_away(wanted.settings, settings) + switched_off(wanted.settings, settings)
    resets = resets_after(wanted.resets, gone, settings, tags)
    given = wanted.password_given or body.windows_password is not None
    wants = {"tags": tags, _KEY: ssh_key, "settings": settings, "resets": resets, "password_given": given}
    want(cluster, wants, asker.now)
    request = {} if version is None else {_VERSION: version}
    if password is not None:
        request[WINDOWS_PASSWORD] = password
    options = body.options.model_dump(mode="json")
    job = await start(session, asker, kinds.UPDATE, cluster, request=request, options=options)
    if body.windows_password is not None:
        await keep_sealed(session, cluster.id, password_of(job.id), body.windows_password, keys=keys, now=asker.now)
    return ClusterChange(job, [*changes, *ending])


async def reconcile_cluster(session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject) -> Job:
    """Start the job that puts the cluster again; also for one that has failed."""
    if cluster.state != ClusterState.FAILED:
        require_changeable(cluster)
    # A worker of the version before goes by what the cluster was when it was asked.
    return await start(session, asker, kinds.RECONCILE, cluster, request={"before": cluster.state}, options=options)


def _of_settings(patch: JsonObject) -> JsonObject:
    return {name: value for name, value in patch.items() if name not in _APART}


def _key(wanted: Wanted, patch: JsonObject, rejections: Rejections) -> str:
    """The SSH key after the patch: the one before where it is the same but for its comment."""
    if _KEY not in patch:
        return wanted.ssh_public_key
    if patch[_KEY] is None:
        rejections.add("required", f"/{_KEY}", "The nodes' user has always one: give the key that it shall have.")
        return wanted.ssh_public_key
    key = check_ssh_key(patch[_KEY], rejections)
    return wanted.ssh_public_key if same_key(wanted.ssh_public_key, key) else key


def _password(wanted: Wanted, body: ClusterUpdate, rejections: Rejections) -> str | None:
    """Where the new Windows password comes from, as the job's request says it; None: it stays."""
    if WINDOWS_PASSWORD not in body.model_fields_set:
        return None
    if body.windows_password is None:
        return MADE if wanted.windows_profile else None
    check_password(body.windows_password, rejections)
    if not wanted.windows_profile:
        rejections.add(
            "no_windows_administrator",
            f"/{WINDOWS_PASSWORD}",
            "The cluster has no Windows nodes and was made without their administrator: add a pool of them first.",
        )
    return GIVEN


async def _version(
    session: AsyncSession, asker: Asker, cluster: Cluster, body: ClusterUpdate, rejections: Rejections
) -> str | None:
    """The version to go to; None where the cluster has it, or nothing is said of it."""
    asked = body.kubernetes_version
    if asked is None:
        return None
    try:
        changes = await changes_version(session, asker, cluster, asked, options=body.options.model_dump(mode="json"))
    except UpgradeRefusedError as refused:
        rejections.add(
            refused.code, f"/{_VERSION}", " ".join(filter(None, (refused.problem.detail, refused.problem.remedy)))
        )
        return None
    return asked if changes else None
