"""What a PATCH makes of a pool, and what it must not."""

from collections.abc import Iterator, Sequence

from app.api.in_part import unless_refused
from app.azure.types.pool_defaults import POOL_DEFAULTS
from app.azure.types.pool_properties import FREE_AND_FIXED
from app.clusters.specs.azure_model import pointer_to
from app.clusters.specs.pool_count import check_count_given
from app.clusters.specs.properties_patch import NO_DEFAULT, given_up
from app.clusters.specs.rejections import Rejections
from app.core.json import JsonObject
from app.core.json import merged as merge_patched
from app.node_pools.schemas import NodePoolUpdate

FIXED = frozenset(
    {
        "size",
        "os_type",
        "os_sku",
        "zones",
        "spot",
        "max_pods",
        "os_disk",
        "subnet_id",
        "pod_subnet_id",
        "node_public_ips",
        "node_public_ip_prefix_id",
        "fips",
        "snapshot_id",
    }
)
"""What Azure cannot change of a pool that is there. https://learn.microsoft.com/azure/aks/manage-node-pools"""

ROTATED = FIXED - {"os_type"}
"""What a pool in its place can have."""
_OWN = frozenset({"on_eviction", "fallback_pool"})
"""Slipway's own settings of a spot pool."""
_ADD = "add a pool, move what runs, and delete this one."
_WAY_ROUND = (
    "Azure cannot change `{name}` of a pool that is there. POST /v1/clusters/{{id}}/node-pools/{{pool}}:rotate with "
    "the new value makes a pool that has it, moves the pods over and removes this one."
)

_ROTATE = "Or take it away by POST /v1/clusters/{id}/node-pools/{pool}:rotate, which makes a pool without it."
# What can be left open again. Of labels, taints and tags a set is always said as a whole.
_OPEN = ("scale_down_mode", "upgrades", "azure_properties")

_EMPTY: JsonObject = {
    "labels": {},
    "taints": [],
    "tags": {},
    "azure_properties": {},
    "mode": "User",
    "zones": [],
    "node_public_ips": False,
    "fips": False,
}


def merged(settings: JsonObject, patch: JsonObject, rejections: Rejections) -> JsonObject:
    """A pool's settings after a merge patch. Notes what cannot be changed, with the way round."""
    if _is_own_of_spot(patch.get("spot")) and settings["spot"] is None:
        first = next(iter(patch["spot"]))
        rejections.add("spot_only", f"/spot/{first}", "The pool's machines are regular ones, which nobody evicts.")
        return settings
    after = _over(settings, patch)
    for name in sorted(FIXED & patch.keys()):
        if not _same(_azures(settings[name]), _azures(after[name])):
            rejections.add(
                "immutable",
                f"/{name}",
                _WAY_ROUND.format(name=name)
                if name in ROTATED
                else f"The pods of one system do not run on the other: {_ADD}",
            )
    if settings["upgrades"] and patch.get("upgrades"):
        kept = {**settings["upgrades"], **patch["upgrades"]}
        after["upgrades"] = kept if any(value is not None for value in kept.values()) else None
    _check_properties(settings, after, rejections)
    if after["count"] is None:
        after["count"] = settings["count"]
    return _within_bounds(after)


@unless_refused()
def check_count(body: NodePoolUpdate, after: JsonObject, rejections: Rejections) -> None:
    """Note a count that is given where the autoscaler decides after the change."""
    if body.count is not None:
        autoscaled = body.autoscaling is not None or after["autoscaling"] is not None
        check_count_given(body.count, autoscaled=autoscaled, rejections=rejections)


def _check_properties(settings: JsonObject, after: JsonObject, rejections: Rejections) -> None:
    had, has = settings["azure_properties"], after["azure_properties"]
    for name in sorted(FREE_AND_FIXED & (had.keys() | has.keys())):
        if not _same(had.get(name), has.get(name)):
            rejections.add("immutable", f"/azure_properties/{name}", _WAY_ROUND.format(name=name))
    for path in _taken_back(settings, after):
        if ".".join(path) not in POOL_DEFAULTS and path[1] not in FREE_AND_FIXED:
            rejections.add("immutable", pointer_to(path, ""), f"{NO_DEFAULT} {_ROTATE}")


def taken_back(before: JsonObject, after: JsonObject) -> list[str]:
    """Dotted paths of the settings that were given before, are not any more, and have a default in Azure."""
    return [ours for path in _taken_back(before, after) if (ours := ".".join(path)) in POOL_DEFAULTS]


def _taken_back(before: JsonObject, after: JsonObject) -> Iterator[tuple[str, ...]]:
    return given_up({name: before[name] for name in _OPEN}, after)


def rotated(settings: JsonObject, changes: JsonObject) -> JsonObject:
    """A pool's settings with what a pool in its place is to have."""
    return _within_bounds(_over(settings, changes))


def _over(settings: JsonObject, patch: JsonObject) -> JsonObject:
    # An empty set is what null asks for; a set that is named is the whole set.
    after = {**settings, **{name: _EMPTY.get(name) if value is None else value for name, value in patch.items()}}
    if settings["spot"] and patch.get("spot"):
        after["spot"] = {**settings["spot"], **patch["spot"]}
    if patch.get("azure_properties") is not None:
        after["azure_properties"] = merge_patched(settings["azure_properties"], patch["azure_properties"])
    return after


def only_ours(changes: Sequence[JsonObject]) -> bool:
    """Whether all that a JSON Patch changes of a pool is Slipway's own: Azure need not hear of it."""
    return {change["path"] for change in changes} <= {f"/spot/{name}" for name in _OWN}


def _is_own_of_spot(spot: JsonObject | None) -> bool:
    return bool(spot) and set(spot or ()) <= _OWN


def _azures(value: object) -> object:
    return {name: each for name, each in value.items() if name not in _OWN} if isinstance(value, dict) else value


def _within_bounds(after: JsonObject) -> JsonObject:
    """With an autoscaler the count is only where it begins: inside of its bounds."""
    scaling = after["autoscaling"]
    if scaling is None:
        return after
    least, most = scaling["min_count"], scaling["max_count"]
    return {**after, "count": min(max(after["count"], least), most)} if least <= most else after


def _same(one: object, other: object) -> bool:
    return (one or None) == (other or None)
