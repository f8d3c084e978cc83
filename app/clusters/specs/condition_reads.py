"""Conditions as callers see them; a pool's are computed from what is kept of its cluster. Pure.

They are given as JSON, with the members of `ConditionRead`: a list has thousands, and a schema makes all of its own in
one go faster than each is made by itself.
"""

from collections.abc import Iterable
from datetime import datetime

from app.azure.types.provisioning import has_succeeded, is_settled
from app.clusters.schemas.conditions import ConditionRead
from app.clusters.specs.conditions import ConditionType, Status, condition_of, is_whole
from app.core.json import JsonList, JsonObject

_MEMBERS = tuple(ConditionRead.model_fields)
_OF_POOLS = (ConditionType.VERSION_SUPPORTED, ConditionType.AUTOSCALING, ConditionType.SPOT)
"""What is judged of each pool, and kept with what is judged of its cluster."""


def conditions_read(conditions: JsonList | None) -> JsonList:
    """A cluster's conditions; none before it was first seen."""
    return [_read(each) for each in conditions or []]


def pool_conditions(
    azure_name: str, observed: JsonObject | None, turned_at: datetime, conditions: JsonList | None
) -> JsonList:
    """A pool's conditions. `turned_at`: when its state last changed; `conditions`: its cluster's, as rows keep them."""
    kept = [condition_of(conditions, kind) for kind in _OF_POOLS]
    named = [_of_pool(azure_name, each) for each in kept if each is not None and azure_name in each.get("by_pool", {})]
    return [*_provisioned(observed, turned_at), *_nodes_ready(azure_name, conditions), *named]


def _of_pool(azure_name: str, kept: JsonObject) -> JsonObject:
    """What a condition of the cluster says of one of its pools."""
    return _read({**kept, **kept["by_pool"][azure_name]})


def _read(kept: JsonObject) -> JsonObject:
    return {name: kept[name] for name in _MEMBERS}


def _provisioned(observed: JsonObject | None, turned_at: datetime) -> Iterable[JsonObject]:
    if observed is None:
        return
    word = str(observed["provisioning_state"])
    status, reason = Status.TRUE, "Provisioned"
    if not is_settled(word):
        status, reason = Status.UNKNOWN, "InProgress"
    elif not has_succeeded(word):
        status, reason = Status.FALSE, f"LastOperation{word}"
    message = f"Azure says {word} of the pool."
    yield {
        "type": ConditionType.PROVISIONED,
        "status": status,
        "reason": reason,
        "message": message,
        "since": turned_at,
    }


def pool_nodes(azure_name: str, conditions: JsonList | None) -> JsonObject | None:
    """How many of a pool's nodes are `ready`, of how many `wanted`; None where nobody has seen them."""
    pools: dict[str, JsonObject] = (condition_of(conditions, ConditionType.NODES_READY) or {}).get("pools", {})
    return pools.get(azure_name)


def _nodes_ready(azure_name: str, conditions: JsonList | None) -> Iterable[JsonObject]:
    kept = pool_nodes(azure_name, conditions)
    if kept is None:
        return
    whole = is_whole(kept)
    yield {
        "type": ConditionType.NODES_READY,
        "status": Status.TRUE if whole else Status.FALSE,
        "reason": "AllReady" if whole else "NodesNotReady",
        "message": f"Ready nodes: {kept['ready']} of {kept['wanted']}.",
        "since": kept["since"],
    }
