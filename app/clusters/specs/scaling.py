"""Why an autoscaler gives no nodes (trouble 48), and which spot machines are away (trouble 49). Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clusters.specs.conditions import Condition, ConditionType, Status, is_whole
from app.clusters.specs.judgement import PoolFacts
from app.core.json import JsonList, JsonObject
from app.core.text import counted

STALL = timedelta(minutes=15)
"""So long pods may wait for a node, while no node comes."""
AWAY = timedelta(minutes=10)
"""So long the machines of a spot pool may be away."""
_ELSE = "AutoscalerBackOff"
# What Azure and the autoscaler say of a scale-up that failed.
_CAUSES = (
    ("QuotaExceeded", re.compile(r"quota|approved .*cores", re.IGNORECASE), "the subscription's quota is used up"),
    (
        "NoAddresses",
        re.compile(r"SubnetIsFull|InsufficientSubnetSize|subnet.*(is full|not enough|no free)|IP space", re.IGNORECASE),
        "its subnet has no free addresses",
    ),
    (
        "NoCapacity",
        re.compile(r"Allocation|SkuNotAvailable|capacity|outOfResource", re.IGNORECASE),
        "Azure has no machines of its size at the moment",
    ),
)


@dataclass(frozen=True, slots=True)
class _Cause:
    reason: str
    pool: str
    sentence: str


def autoscaling(pools: Sequence[PoolFacts], kept: JsonObject | None, now: datetime) -> Condition | None:
    """Whether pods that wait get their nodes; None for a cluster without an autoscaler.

    `kept`: what the reader keeps of nodes, pods that wait and the autoscaler's word; None where it is not read.
    """
    kind, scaled = ConditionType.AUTOSCALING, [pool for pool in pools if _scales(pool)]
    if not scaled:
        return None
    if kept is None:
        return Condition(kind, Status.UNKNOWN, "NotRead", "Pods that wait cannot be read.")
    waiting: JsonList = kept.get("pending") or []
    since = min((found for pod in waiting if (found := _time(pod["since"])) is not None), default=None)
    if since is None:
        return Condition(kind, Status.TRUE, "NoPodWaits", "No pod waits for a node.")
    newest = max((found for node in kept["items"] if (found := _time(node.get("created_at")))), default=since)
    if now - max(since, newest) < STALL:
        return Condition(kind, Status.TRUE, "PodsWait", "Pods wait for nodes, which may be on their way.")
    causes = [cause for pool in scaled if (cause := _cause(pool, kept)) is not None]
    first = causes[0] if causes else _without_pool(waiting, kept, now)
    count = kept.get("pending_count", len(waiting))
    words = f"{counted(count, 'pod')} {'waits' if count == 1 else 'wait'} for a node since {since:%Y-%m-%d %H:%M} UTC"
    by_pool = {each.pool: {"reason": each.reason, "message": _upper(each.sentence)} for each in causes}
    message = f"{words}, and none has come: {' '.join(each.sentence for each in causes or [first])}"
    return Condition(kind, Status.FALSE, first.reason, message, {"by_pool": by_pool})


def _scales(pool: PoolFacts) -> bool:
    return pool.runs and (pool.observed or {}).get("max_count") is not None


def _cause(pool: PoolFacts, kept: JsonObject) -> _Cause | None:
    """Why this pool gets no nodes; None where nothing says so."""
    seen, name = pool.observed or {}, pool.azure_name
    group = next((each for each in _groups(kept) if _is_of(each["name"], name)), None)
    if group is not None and (group["scale_up"] or "").lower() == "backoff":
        said = f"{group['code'] or ''} {group['message'] or ''}".strip()
        reason, what = next(((one, text) for one, words, text in _CAUSES if words.search(said)), (_ELSE, ""))
        quoted = f" It says: {said}" if said else ""
        because = f": {what}" if what else ""
        return _Cause(reason, name, f"the autoscaler backs off from pool {pool.name} for a while{because}.{quoted}")
    there = [node for node in kept["items"] if node["pool"] == name]
    failed = [node["name"] for node in there if not node["ready"]]
    if failed and len(there) <= int(seen.get("min_count") or 0):
        sentence = (
            f"pool {pool.name} is at its minimum with {', '.join(failed)} not Ready, which the autoscaler does not "
            "replace; delete that machine (`:delete-machines`)."
        )
        return _Cause("FailedNodeAtMinimum", name, sentence)
    if len(there) >= int(seen["max_count"]):
        return _Cause("AtMaximum", name, f"pool {pool.name} has its {counted(len(there), 'node')} at most.")
    return None


def _without_pool(waiting: JsonList, kept: JsonObject, now: datetime) -> _Cause:
    said = kept.get("autoscaler")
    at = None if said is None else _time(said["at"])
    if said is None or (at is not None and now - at >= STALL):
        return _Cause("AutoscalerSilent", "", "the cluster's autoscaler says nothing; `:reconcile` may bring it back.")
    pod = waiting[0]
    why = f" The scheduler says: {pod['message']}" if pod["message"] else ""
    return _Cause("NoPoolFits", "", f"no pool has nodes that {pod['namespace']}/{pod['name']} could run on.{why}")


def _groups(kept: JsonObject) -> Iterable[JsonObject]:
    found: Iterable[JsonObject] = (kept.get("autoscaler") or {}).get("groups") or ()
    return found


def _is_of(group: str, pool: str) -> bool:
    """Whether a scale set is the pool's: `aks-workers-12345678-vmss`, of Windows `akswin1`."""
    return group.lower().startswith(f"aks-{pool}-") or group.lower() == f"aks{pool}"


def spot(
    pools: Sequence[PoolFacts],
    kept: JsonObject | None,
    nodes_ready: JsonObject | None,
    now: datetime,
    *,
    lent: Mapping[str, Sequence[str]],
) -> Condition | None:
    """Whether spot pools have their machines; None for a cluster without any.

    `nodes_ready`: that condition, as kept; `lent`: what other pools lend them, as sentences by their names.

    Azure evicts such machines when it needs them: with the policy Delete they are gone, with Deallocate not Ready.
    """
    kind, ours = ConditionType.SPOT, [pool for pool in pools if pool.runs and (pool.observed or {}).get("spot")]
    if not ours:
        return None
    if kept is None or nodes_ready is None or "pools" not in nodes_ready:
        return Condition(kind, Status.UNKNOWN, "NotRead", "The nodes cannot be read.")
    by_pool: JsonObject = {}
    for pool in ours:
        of_pool = nodes_ready["pools"].get(pool.azure_name)
        if of_pool is None or is_whole(of_pool) or now - datetime.fromisoformat(of_pool["since"]) < AWAY:
            continue
        away = [node for node in kept["items"] if node["pool"] == pool.azure_name and not node["ready"]]
        gone = int(of_pool["wanted"]) - int(of_pool["ready"]) - len(away)
        parts = [f"not Ready: {', '.join(node['name'] for node in away)}"] if away else []
        parts += [f"gone: {gone}"] if gone > 0 else []
        sentence = (
            f"Spot pool {pool.name} has {of_pool['ready']} of {of_pool['wanted']} nodes since "
            f"{datetime.fromisoformat(of_pool['since']):%Y-%m-%d %H:%M} UTC ({'; '.join(parts)})."
        )
        sentence = " ".join((sentence, *lent.get(pool.name, ())))
        by_pool[pool.azure_name] = {"reason": "SpotNodesAway", "message": sentence, "machines": _lost(away, now)}
    if not by_pool:
        loans = [sentence for pool in ours for sentence in lent.get(pool.name, ())]
        return Condition(kind, Status.TRUE, "Available", " ".join(("Spot pools have their machines.", *loans)))
    message = " ".join(each["message"] for each in by_pool.values())
    return Condition(kind, Status.FALSE, "SpotNodesAway", f"{message} {_CURE}", {"by_pool": by_pool})


def _lost(away: JsonList, now: datetime) -> list[str]:
    """Those that are not Ready for so long: one that has just come is not among them."""
    since = {node["name"]: _time(node.get("ready_since") or node.get("created_at")) for node in away}
    return [name for name, at in since.items() if at is not None and now - at >= AWAY]


_CURE = (
    "Azure takes spot machines back when it needs them. `spot.on_eviction: replace` has Slipway remove what is left of "
    "them and ask for others; `:delete-machines` removes single ones; and a pool of regular machines, which is always "
    "there, lends nodes meanwhile as `spot.fallback_pool`."
)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _upper(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
