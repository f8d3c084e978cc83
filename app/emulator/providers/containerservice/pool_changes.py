"""What a change of a pool takes: state and time, the steps of its nodes, and what it needs beforehand."""

from dataclasses import dataclass, field
from datetime import datetime

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.exchange import Call
from app.emulator.core.store import Resource
from app.emulator.kubernetes.draining import unsatisfiable
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice import roll_plans
from app.emulator.providers.containerservice.cluster_pools import change_pool
from app.emulator.providers.containerservice.errors import flat
from app.emulator.providers.containerservice.instances import IMAGE, machines_of
from app.emulator.providers.containerservice.node_images import latest_image

UPDATE_SECONDS = 60
SCALE_SECONDS = 215
UPGRADE_SECONDS = 200
_OTHERS_WAIT = {"Upgrading": 3, "UpgradingNodeImageVersion": 2, "Scaling": 1}


@dataclass
class Change:
    """One pool's change; `apply` has been done."""

    state: str
    seconds: float
    steps: roll_plans.Steps = field(default_factory=list)


def is_upgrade(pool: Resource, after: Document, image: str | None = None) -> bool:
    """Whether the nodes are made anew: another version, or another image."""
    before = pool.body["properties"]
    other = after["currentOrchestratorVersion"] != before["currentOrchestratorVersion"]
    return other or (image is not None and image != before["nodeImageVersion"])


def apply(cloud: Cloud, pool: Resource, after: Document, image: str | None = None) -> Change:
    """Keep what the pool shall be, and say what that takes."""
    before = pool.body["properties"]
    upgraded = after["currentOrchestratorVersion"] != before["currentOrchestratorVersion"]
    if upgraded:
        # A new version comes on the newest image.
        image = latest_image(cloud, after)
    known = len(machines_of(pool))
    if upgraded or (image is not None and image != before["nodeImageVersion"]):
        state = "Upgrading" if upgraded else "UpgradingNodeImageVersion"
        change_pool(cloud, pool, after, state)
        pool.internal[IMAGE] = image
        version = after["currentOrchestratorVersion"]
        steps = roll_plans.upgrade(pool, version, str(image)) + roll_plans.scaling(pool, after["count"])
        soak = int(section(after, "upgradeSettings").get("nodeSoakDurationInMinutes") or 0)
        return Change(state, UPGRADE_SECONDS + 60 * soak * known, steps)
    state = "Scaling" if after["count"] != before["count"] else "Updating"
    change_pool(cloud, pool, after, state)
    seconds = SCALE_SECONDS if state == "Scaling" else UPDATE_SECONDS
    return Change(state, seconds, roll_plans.scaling(pool, after["count"]) if state == "Scaling" else [])


def words(call: Call, steps: roll_plans.Steps, begin: float = roll_plans.BEGIN) -> roll_plans.Words:
    """The steps in time; one that gets stuck does so half way."""
    every = roll_plans.spread(steps, begin)
    return every[: (len(every) + 1) // 2] if call.interference.stuck else every


def weightiest(changes: list[Change]) -> str:
    """The state of a cluster whose pools change so."""
    return max((change.state for change in changes), key=lambda state: _OTHERS_WAIT.get(state, 0), default="Updating")


def surge_nodes(pool: Resource, after: Document) -> int:
    """How many nodes an upgrade needs for its time."""
    known = len(machines_of(pool))
    return roll_plans.surge_of(after, known)[0] if known else 0


def refuse_unsatisfiable(cloud: Cloud, host: ClusterHost, cluster: Resource, body: Document) -> None:
    """400 `UnsatisfiablePDB` where a budget allows no disruption and the upgrade is not forced (AKS#4860)."""
    if is_forced(cloud, body):
        return
    store = host.serving(cluster.key)
    found = unsatisfiable(store) if store is not None else []
    if not found:
        return
    said = "1 error occurred" if len(found) == 1 else f"{len(found)} errors occurred"
    raise flat(
        400,
        "UnsatisfiablePDB",
        "Upgrade is blocked due to invalid Pod Disruption Budgets (PDBs). Please review the PDB spec to allow "
        "disruptions during upgrades. To bypass this error, set forceUpgrade in upgradeSettings.overrideSettings. "
        "Bypassing this error without updating the PDB may result in drain failures during upgrade process. Invalid "
        f"PDBs details: {said}:\n" + "".join(f"\t* {one}\n" for one in found) + "\n",
    )


def is_forced(cloud: Cloud, body: Document) -> bool:
    """Whether upgrades of the cluster begin in spite of what AKS would refuse them for."""
    forced = section(body, "properties", "upgradeSettings", "overrideSettings")
    return bool(forced.get("forceUpgrade")) and _holds(cloud, forced.get("until"))


def _holds(cloud: Cloud, until: object) -> bool:
    if not isinstance(until, str):
        return False
    try:
        moment = datetime.fromisoformat(until)
    except ValueError:
        return False
    return moment.tzinfo is not None and moment > cloud.now()
