"""What goes with a cluster, and what stays."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.azure.types.resource import ResourceRef
from app.clusters.specs.node_group import is_foreign
from app.clusters.specs.wanted import Place
from app.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class Item:
    """One thing. `kind`: `node_pool`, `share`, … or Azure's own type. `foreign`: somebody else put it there."""

    kind: str
    name: str
    goes: bool
    detail: str = ""
    id: str | None = None
    foreign: bool = False


def in_node_group(found: Sequence[ResourceRef], place: Place) -> list[Item]:
    """What lies in AKS's own group for the cluster: AKS removes the group with all of it, whoever put it there."""
    return [
        Item(
            each.type,
            each.name,
            goes=True,
            detail="Not AKS's and not Slipway's, and goes all the same." if is_foreign(each, place) else "",
            id=each.id,
            foreign=is_foreign(each, place),
        )
        for each in sorted(found, key=lambda each: each.id.lower())
    ]


def beside(found: Sequence[ResourceRef], place: Place) -> list[Item]:
    """What lies in the cluster's own resource group beside it."""
    mine = f"/managedclusters/{place.azure_name.lower()}"
    return [
        Item(each.type, each.name, goes=False, id=each.id)
        for each in sorted(found, key=lambda each: each.id.lower())
        if not each.id.lower().endswith(mine)
    ]


def world_of(items: Sequence[Item]) -> JsonObject:
    """All that a preview depends on: what there is, and what becomes of it."""
    return {
        f"{item.kind} {item.id or item.name}": f"{'goes' if item.goes else 'stays'} {item.detail}".strip()
        for item in items
    }
