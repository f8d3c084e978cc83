"""What goes with a cluster, what stays, and which choice of the caller's turns one into the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.azure.types.resource import ResourceRef
from app.clusters.schemas.deletion import Fate, Flag
from app.clusters.specs.node_group import is_foreign
from app.clusters.specs.wanted import Place
from app.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class Fates:
    """What a deletion was told to do with what can outlive the cluster. What is not named is retained."""

    chosen: Mapping[str, str] = field(default_factory=dict)

    def deletes(self, flag: Flag) -> bool:
        """Whether things of this kind shall go too."""
        return self.chosen.get(flag) == Fate.DELETE

    def as_json(self) -> JsonObject:
        """What is not at its default: the form in which jobs and plans keep it."""
        return {flag.value: Fate.DELETE.value for flag in Flag if self.deletes(flag)}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing. `kind`: `node_pool`, `share`, … or Azure's own type. `foreign`: somebody else put it there.

    `flag`: the choice that decides whether it goes; None where nothing of the request does.
    """

    kind: str
    name: str
    goes: bool
    detail: str = ""
    id: str | None = None
    foreign: bool = False
    flag: Flag | None = None


WORKLOAD = "workload"
"""The kind of items that say what runs in the cluster: `detail` has how many pods, which comes and goes."""


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
    """All that a preview depends on: what there is, and what becomes of it. How many pods run is no part of it."""
    return {
        f"{item.kind} {item.id or item.name}": (
            f"{'goes' if item.goes else 'stays'} {'' if item.kind == WORKLOAD else item.detail}".strip()
        )
        for item in items
    }
