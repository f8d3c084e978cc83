"""Steps that bring a cluster's settings and tags to Azure, and read each of them back.

AKS is given one kind of change a request (trouble 11). A `Succeeded` is no proof: what is not there then is sent once
more, and what is not there after that is told (trouble 9).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.cluster_changes import Change
from app.azure.types.cluster_fields import Part
from app.azure.types.maintenance import WINDOWS, MaintenanceWindow
from app.azure.types.watch import TargetKind
from app.clusters.specs.wanted import Wanted, WantedPool, settings_of
from app.clusters.workflow import await_azure
from app.clusters.workflow.again import give_a_moment, see_through
from app.clusters.workflow.await_azure import Begun
from app.clusters.workflow.changeable import require_changeable
from app.clusters.workflow.plan import Plan
from app.core.json import JsonObject
from app.engine.steps import Record, cloud_step
from app.jobs.workflow import Cloud, JobRun, azure_call
from app.models import Cluster

EXPECTED = "cluster_update"
_NAMES = {
    Part.SKU: "tier and support plan",
    Part.API_SERVER: "the API server's access",
    Part.SSH: "the SSH key",
    Part.WINDOWS: "settings of Windows nodes",
    Part.AZURE_PROPERTIES: "azure_properties",
}
"""Where the part's own name does not say it."""


@dataclass(frozen=True, slots=True)
class Differences:
    """In what Azure differs: the parts that can be sent, in order; whether windows do; and each member, for callers."""

    parts: tuple[Part, ...] = ()
    windows: bool = False
    failed: bool = False
    """Azure's last operation on the cluster has failed: what it has taken over, it has perhaps not applied."""
    found: tuple[JsonObject, ...] = field(default=())


async def apply_settings(job: JobRun, asked: Plan) -> Differences:
    """Send what differs, part by part, and read it back; returns what Azure has not applied even at the second time."""
    found = await job.cloud(compare_settings, asked)
    if not found.found and not found.failed:
        return found
    await send(job, asked, found)
    left = await job.cloud(read_settings, asked)
    if left.found:
        await job.cloud(pause)
        await send(job, asked, left)
        left = await job.cloud(read_settings, asked)
    return left


async def send(job: JobRun, asked: Plan, differences: Differences, *, await_last: bool = True) -> None:
    """Send each part, and wait for it before the next; of the last its acceptance may be enough."""
    if differences.windows:
        await job.cloud(put_windows, asked)
    if differences.failed and not differences.parts:
        again = await job.cloud(put_failed_again, asked)
        if await_last:
            await _see_part_through(job, asked, None, again)
    for part in differences.parts:
        begun = await job.cloud(put_part, asked, part)
        if await_last or part != differences.parts[-1]:
            await _see_part_through(job, asked, part, begun)


async def _see_part_through(job: JobRun, asked: Plan, part: Part | None, begun: Begun | None) -> None:
    """Wait for a part. What Azure has taken over and failed to apply differs in nothing: it is sent all the same."""

    async def again() -> Begun | None:
        found = await job.cloud(compare_settings, asked)
        if part is not None and part in found.parts:
            return await job.cloud(put_part, asked, part)
        if not found.failed:
            return None
        return await job.cloud(put_failed_again, asked)

    await see_through(job, asked.place, begun, wait=lambda sent: job.cloud(await_part, asked, sent), again=again)


@cloud_step
async def compare_settings(cloud: Cloud, asked: Plan) -> Differences:
    """Find in what Azure differs from what is wanted."""
    await require_changeable(cloud, asked.place)
    return await _differences(cloud, asked)


@cloud_step
async def read_settings(cloud: Cloud, asked: Plan) -> Differences:
    """Read back each setting that was sent."""
    return await _differences(cloud, asked)


@cloud_step
async def pause(cloud: Cloud) -> None:
    """Give Azure a moment."""
    cloud.context.progress("Azure says that it succeeded, and has not applied all; it is asked once more.")
    # It may only be late.
    await give_a_moment(cloud)


@cloud_step
async def put_part(cloud: Cloud, asked: Plan, part: Part) -> Begun | None:
    """Send what differs in one part, and nothing else; None where Azure has it, and has applied it."""
    place = asked.place
    cloud.context.progress(f"Changing {_words(part)}")
    present = await require_changeable(cloud, place)
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    asked_at = cloud.clock.now()
    answer = await clusters.put_part(
        place.resource_group, place.azure_name, part, settings_of(asked.wanted), call=azure_call(cloud)
    )
    cloud.context.describe(f"Sends {_words(part)}." if answer is not None else f"Azure has {_words(part)} already.")
    if answer is not None:
        return Begun(answer.operation.target_id, answer.operation, asked_at)
    # Asked already, by a run whose end was lost: a failure is told by whoever waits for it.
    return Begun(present.id, None, asked_at) if present.failed else None


@cloud_step
async def put_failed_again(cloud: Cloud, asked: Plan) -> Begun:
    """Send a cluster that has failed as Azure has it: nothing differs, and yet nothing need be applied."""
    place, asked_at = asked.place, cloud.clock.now()
    present = await require_changeable(cloud, place)
    if not present.failed:
        # Sent already, by a run whose end was lost; or it has come round.
        return Begun(present.id, None, asked_at)
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    answer = await clusters.put_again(
        place.resource_group, place.azure_name, if_match=present.etag, call=azure_call(cloud)
    )
    return Begun(answer.operation.target_id, answer.operation, asked_at)


@cloud_step
async def await_part(cloud: Cloud, asked: Plan, begun: Begun | None) -> None:
    """Wait until Azure has applied the change."""
    await await_azure.finish(
        cloud,
        begun,
        subscription_id=asked.place.subscription_id,
        kind=TargetKind.MANAGED_CLUSTER,
        expected=EXPECTED,
    )


@cloud_step
async def put_windows(cloud: Cloud, asked: Plan) -> None:
    """Make the maintenance windows as they are wanted, and remove what is not wanted any more."""
    place = asked.place
    cloud.context.progress("Changing maintenance windows")
    windows = cloud.gateways.azure.subscription(place.subscription_id).maintenance_windows
    changes = await _windows_to_change(cloud, asked)
    named = ", ".join(ours for ours, _, _ in changes)
    cloud.context.describe(f"Sends {named}." if changes else "Azure has the maintenance windows already.")
    for _, name, wanted in changes:
        names = place.resource_group, place.azure_name, name
        if wanted is None:
            await windows.delete(*names, call=azure_call(cloud))
        else:
            await windows.put(*names, wanted, call=azure_call(cloud))


def _words(part: Part) -> str:
    return _NAMES.get(part, part.replace("_", " "))


async def _differences(cloud: Cloud, asked: Plan) -> Differences:
    place = asked.place
    clusters = cloud.gateways.azure.subscription(place.subscription_id).managed_clusters
    present, changes = await clusters.compare(
        place.resource_group, place.azure_name, settings_of(asked.wanted), call=azure_call(cloud)
    )
    windows = await _windows_to_change(cloud, asked)
    found = [_shown(change) for change in changes]
    found += [{"setting": ours, "path": f"/maintenanceConfigurations/{name}"} for ours, name, _ in windows]
    parts = dict.fromkeys(change.part for change in changes if not change.fixed)
    return Differences(tuple(parts), bool(windows), failed=present.failed, found=tuple(found))


def _shown(change: Change) -> JsonObject:
    """A difference, for callers; what may hold anything (tags, Azure's own properties) without its values."""
    shown: JsonObject = {"setting": change.ours, "path": "/" + "/".join(change.path)}
    if change.part in {Part.TAGS, Part.AZURE_PROPERTIES}:
        return shown
    return {**shown, "wanted": change.wanted, "azure_has": change.present}


async def _windows_to_change(cloud: Cloud, asked: Plan) -> list[tuple[str, str, MaintenanceWindow | None]]:
    """Ours, Azure's name and what shall be there, of each window that differs. Azure is asked only where one counts."""
    wanted = wanted_windows(asked.wanted)
    if not wanted:
        return []
    place = asked.place
    windows = cloud.gateways.azure.subscription(place.subscription_id).maintenance_windows
    listed = await windows.list_(place.resource_group, place.azure_name, call=azure_call(cloud))
    present = {name.lower(): window for name, window in listed.items()}
    changed = []
    for ours, window in wanted.items():
        name = WINDOWS[ours]
        same = name.lower() not in present if window is None else window.agrees(present.get(name.lower()))
        if not same:
            changed.append((ours, name, window))
    return changed


def wanted_windows(wanted: Wanted) -> dict[str, MaintenanceWindow | None]:
    """By our path, what shall be there; None: it shall be gone. Of the others nothing is said."""
    upgrades = wanted.settings.get("upgrades") or {}
    found: dict[str, MaintenanceWindow | None] = {}
    for ours in WINDOWS:
        window = upgrades.get(ours.removeprefix("upgrades."))
        if window is not None:
            found[ours] = MaintenanceWindow.from_settings(window)
        elif ours in wanted.resets:
            found[ours] = None
    return found


async def tell_partly_applied(record: Record, left: Differences) -> JsonObject:
    """What the outcome says of settings that Azure has not applied: nothing where it has all; else an event too."""
    if not left.found:
        return {}
    await record.emit("cluster.applied_partially", data={"settings": [each["setting"] for each in left.found]})
    return {"applied_partially": list(left.found)}


def forget_resets(cluster: Cluster, done: Wanted) -> None:
    """What Azure has given up, as asked, is nobody's matter any more: who sets it again is left alone."""
    left = [each for each in cluster.wanted.get("resets", ()) if each not in done.resets]
    cluster.wanted = {**cluster.wanted, "resets": left}


def forget_pool_resets(cluster: Cluster, done: Iterable[AgentPoolSpec]) -> None:
    """The same of what these pools have given up."""
    by_name = {spec.name: spec.resets for spec in done if spec.resets}
    pools = Wanted.from_json(cluster.wanted).pools
    left = [_without(pool, by_name.get(pool.spec.name, ())) for pool in pools]
    cluster.wanted = {**cluster.wanted, "pools": [pool.as_json() for pool in left]}


def _without(pool: WantedPool, done: Collection[str]) -> WantedPool:
    resets = tuple(each for each in pool.spec.resets if each not in done)
    return replace(pool, spec=replace(pool.spec, resets=resets))
