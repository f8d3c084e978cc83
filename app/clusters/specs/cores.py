"""Pure: whether a quota of cores holds what is to be started or added."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.azure.types.compute import SizeCores
from app.azure.types.usage import Usage

ALL, SPOT = "cores", "lowPriorityCores"
"""Azure's names for the quotas of a location that are no family's."""


@dataclass(frozen=True, slots=True)
class NodesToCome:
    """So many machines of a size, which take cores that are not taken yet."""

    vm_size: str
    count: int
    spot: bool = False


def core_shortages(nodes: Iterable[NodesToCome], sizes: Mapping[str, SizeCores], usages: Iterable[Usage]) -> list[str]:
    """Which quotas do not hold the nodes, a sentence each. A size or quota that Azure does not tell is no shortage.

    Spot machines count for their own quota, whatever their family. `sizes` by name in lower case.
    """
    needed: Counter[str] = Counter()
    for each in nodes:
        size = sizes.get(each.vm_size.lower())
        if size is not None:
            for quota in (SPOT,) if each.spot else (size.family, ALL):
                needed[quota.lower()] += size.cores * each.count
    return [
        f"Of the quota {usage.name}, {needed[usage.name.lower()]} cores are needed and {usage.free} are left "
        f"({usage.used} of {usage.limit} are used): it has to be at least {usage.used + needed[usage.name.lower()]}."
        for usage in usages
        if needed[usage.name.lower()] > usage.free
    ]
