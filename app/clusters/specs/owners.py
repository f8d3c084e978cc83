"""Whose Azure's resources are: which cluster's, and whether anything needs them any more."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.azure.types.tags import CLUSTER, is_managed
from app.clusters.specs.inventory import Found

_PART = re.compile(r"^(.*/providers/[^/]+/[^/]+/[^/]+)/", re.IGNORECASE)


@dataclass(slots=True)
class Owners:
    """Which clusters have to do with which resources of a subscription; all ids and groups in lower case.

    `services`: by cluster, the names in Azure of its living Services; a cluster whose Services are not known is not in
    it. `addresses`: the public addresses that there are; None where that is not known.
    """

    by_group: dict[str, str] = field(default_factory=dict)
    by_id: dict[str, set[str]] = field(default_factory=dict)
    clusters: set[str] = field(default_factory=set)
    services: dict[str, set[str]] = field(default_factory=dict)
    addresses: frozenset[str] | None = None

    def refer(self, cluster_id: str, ids: Iterable[str]) -> None:
        """Note that a cluster uses these."""
        for resource_id in ids:
            self.by_id.setdefault(resource_id.lower(), set()).add(cluster_id)
            # Whoever uses a subnet uses its virtual network.
            whole = _PART.match(resource_id)
            if whole:
                self.by_id.setdefault(whole[1].lower(), set()).add(cluster_id)

    def learn(self, found: Iterable[Found]) -> None:
        """Note what is referred to by resources whose cluster is known."""
        for one in found:
            for source, targets in one.links.items():
                for cluster_id in self._own(one) or self.by_id.get(source.lower(), set()).copy():
                    self.refer(cluster_id, targets)

    def of(self, one: Found) -> set[str]:
        """The clusters that it belongs to or serves."""
        return self._own(one) or self.by_id.get(one.id.lower(), set())

    def is_unused(self, one: Found) -> bool:
        """Whether it is left over: nothing refers to it, or what it was made for is gone."""
        if one.unused:
            return True
        if one.service is not None:
            owners = self.of(one)
            return bool(owners) and all(
                owner in self.services and one.service not in self.services[owner] for owner in owners
            )
        return bool(one.serves) and self.addresses is not None and self.addresses.isdisjoint(one.serves)

    def _own(self, one: Found) -> set[str]:
        lowered = {key.lower(): value for key, value in one.tags.items()}
        tagged = lowered.get(CLUSTER) if is_managed(one.tags) else None
        # A tag is only believed of a cluster that is there: anybody may write it.
        owner = self.by_group.get(one.resource_group.lower()) or (tagged if tagged in self.clusters else None)
        return {owner} if owner else set()
