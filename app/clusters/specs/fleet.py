"""What runs of a cluster, and where its control plane may go from there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.azure.types.catalog import KubernetesVersion
from app.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class PoolNow:
    """A pool as it is. `failed`: Azure's last operation on it did not end well. `ours`: our name of it, where known."""

    name: str
    version: str
    failed: bool = False
    ours: str = ""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What runs, and to which versions the control plane may go from there. `failed`: as of a pool, of the cluster."""

    control_plane: str
    pools: tuple[PoolNow, ...]
    ways: tuple[str, ...]
    versions: tuple[KubernetesVersion, ...] = field(default=())
    failed: bool = False

    @property
    def previews(self) -> frozenset[str]:
        """Versions that are offered for a try only: nobody gets one without naming it."""
        return frozenset(each.version for each in self.versions if each.is_preview)

    @property
    def graph(self) -> Mapping[str, tuple[str, ...]]:
        """Where a control plane may go from each version."""
        return {each.version: each.upgrades for each in self.versions} | {self.control_plane: self.ways}


def versions_of(items: Iterable[JsonObject]) -> tuple[KubernetesVersion, ...]:
    """What the catalogue's list of a location holds, also one from before it told the support plans."""
    return tuple(
        KubernetesVersion(
            **{
                **item,
                "upgrades": tuple(item["upgrades"]),
                "support_plans": tuple(item.get("support_plans", ())),
            }
        )
        for item in items
    )
