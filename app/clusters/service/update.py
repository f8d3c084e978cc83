"""Change what is wanted of a cluster: its settings, its tags, its version."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.clusters.schemas.update import ClusterUpdate
from app.clusters.service.ending import set_ending
from app.clusters.service.start import Asker, require_changeable, start, want
from app.clusters.specs import kinds
from app.clusters.specs.ending import ENDING, end_errors, end_of
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.secret_rules import check_ssh_key
from app.clusters.specs.settings_patch import patched, resets_after, taken_away
from app.clusters.specs.upgrade_path import LATEST, numbers
from app.clusters.specs.wanted import TAG, Wanted
from app.core.json import JsonObject, json_patch, merged
from app.core.ssh import same_key
from app.models import Cluster, ClusterState, Job

_VERSION = "kubernetes_version"
_KEY = "ssh_public_key"


@dataclass(frozen=True, slots=True)
class ClusterChange:
    """What a PATCH came to: the job, None where Azure need not be asked, and what is different, as a JSON Patch."""

    job: Job | None
    changes: list[JsonObject]


async def update_cluster(session: AsyncSession, asker: Asker, cluster: Cluster, body: ClusterUpdate) -> ClusterChange:
    """Merge the patch into what is wanted, and start the job that sends what differs.

    No job where nothing is changed, or nothing that Azure knows of: protection and end, in any state of the cluster.
    Raises InvalidRequestError with all that is wrong, and what `require_changeable` and `set_ending` raise.
    """
    wanted, seen = Wanted.from_json(cluster.wanted), cluster.observed or {}
    patch = body.model_dump(mode="json", exclude_unset=True, exclude={"options", *ENDING})
    rejections = Rejections(end_errors(end_of(body, now=asker.now), now=asker.now))
    tags = wanted.tags
    if "tags" in patch:
        tags = {} if patch["tags"] is None else merged(wanted.tags, patch["tags"])
    rejections.tags(tags)
    key = _key(wanted, patch, rejections)
    version = _version(wanted, seen, patch, rejections)
    settings = patched(wanted, _of_settings(patch), seen, rejections)
    rejections.raise_if_any()

    changes = json_patch(
        {"tags": wanted.tags, _KEY: wanted.ssh_public_key, **wanted.settings}, {"tags": tags, _KEY: key, **settings}
    )
    if version is not None:
        changes.insert(0, {"op": "replace", "path": f"/{_VERSION}", "value": version})
    if changes:
        require_changeable(cluster)
    ending = await set_ending(session, cluster, body, now=asker.now)
    if not changes:
        return ClusterChange(None, ending)
    gone = [f"{TAG}{key}" for key in wanted.tags if key not in tags] + taken_away(wanted.settings, settings)
    resets = resets_after(wanted.resets, gone, settings, tags)
    want(cluster, {"tags": tags, _KEY: key, "settings": settings, "resets": resets}, asker.now)
    request = {} if version is None else {_VERSION: version}
    options = body.options.model_dump(mode="json")
    job = await start(session, asker, kinds.UPDATE, cluster, request=request, options=options)
    return ClusterChange(job, [*changes, *ending])


async def reconcile_cluster(session: AsyncSession, asker: Asker, cluster: Cluster, options: JsonObject) -> Job:
    """Start the job that puts the cluster again; also for one that has failed."""
    if cluster.state != ClusterState.FAILED:
        require_changeable(cluster)
    return await start(session, asker, kinds.RECONCILE, cluster, request={"before": cluster.state}, options=options)


def _of_settings(patch: JsonObject) -> JsonObject:
    return {name: value for name, value in patch.items() if name not in {"tags", _VERSION, _KEY}}


def _key(wanted: Wanted, patch: JsonObject, rejections: Rejections) -> str:
    """The SSH key after the patch: the one before where it is the same but for its comment."""
    if _KEY not in patch:
        return wanted.ssh_public_key
    if patch[_KEY] is None:
        rejections.add("required", f"/{_KEY}", "The nodes' user has always one: give the key that it shall have.")
        return wanted.ssh_public_key
    key = check_ssh_key(patch[_KEY], rejections)
    return wanted.ssh_public_key if same_key(wanted.ssh_public_key, key) else key


def _version(wanted: Wanted, seen: JsonObject, patch: JsonObject, rejections: Rejections) -> str | None:
    """The version to go to; None where the cluster has it, or nothing is said of it."""
    asked = patch.get(_VERSION)
    runs = seen.get("current_kubernetes_version") or wanted.kubernetes_version
    if asked is None or asked in {runs, wanted.kubernetes_version} or str(runs).startswith(f"{asked}."):
        return None
    if runs is not None and asked != LATEST and numbers(asked) < numbers(runs)[: len(numbers(asked))]:
        rejections.add(
            "kubernetes_version_downgrade", f"/{_VERSION}", f"The cluster runs {runs}, and AKS never goes back."
        )
    return str(asked)
