"""Nodes that a pool of regular machines lends a spot pool while that lacks its own (trouble 49). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.api.in_part import unless_refused
from app.azure.types.agent_pool import AgentPoolSpec
from app.clusters.schemas.pools import NodePoolSettings
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.wanted import Wanted
from app.core.json import JsonList, JsonObject
from app.core.text import counted

_AUTOSCALED = (
    "AKS's own autoscaler grows such a pool for the pods that wait, so it needs no loan: name a pool of a fixed count, "
    "or none."
)


@dataclass(frozen=True, slots=True)
class Loan:
    """That the pool `name` lends `count` nodes to the spot pool `to`, in place of `before`. None: nothing on record."""

    name: str
    to: str
    before: int | None
    count: int | None

    @classmethod
    def of(cls, request: JsonObject) -> "Loan | None":
        """The loan of a job's request; None where the count is set by somebody's own word."""
        return cls.from_json(request["loan"]) if request.get("loan") is not None else None

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Loan":
        """What `as_json` wrote."""
        return cls(stored["name"], stored["to"], stored["before"], stored["count"])

    def as_json(self) -> JsonObject:
        """The form in which a job's request has it."""
        return {"name": self.name, "to": self.to, "before": self.before, "count": self.count}

    @property
    def grows(self) -> bool:
        """Whether the pool gets more nodes."""
        return (self.count or 0) > (self.before or 0)

    def left(self, *, own: int, seen: int) -> int | None:
        """What is lent after a job that did not succeed, where Azure has `seen` nodes and `own` are not this loan's."""
        return min(max(seen - own, 0), max(self.before or 0, self.count or 0)) or None


@unless_refused()
def check_fallback(
    pool: NodePoolSettings, others: Mapping[str, AgentPoolSpec], at: str, rejections: Rejections
) -> None:
    """Note what is wrong with the pool that a spot pool names for its time of need. `others`: by name."""
    if pool.spot is None or pool.spot.fallback_pool is None:
        return
    pointer, name = f"{at}/spot/fallback_pool", pool.spot.fallback_pool
    found = others.get(name)
    if found is None:
        words = f"The cluster has these others: {', '.join(others)}." if others else "The cluster has no other."
        rejections.add("unknown_fallback_pool", pointer, f"No other pool is named {name}. {words}")
        return
    if found.spot_eviction_policy is not None:
        rejections.add("fallback_pool_spot", pointer, f"{name} is of spot machines, too: name a pool of regular ones.")
    if found.os_type != pool.os_type:
        rejections.add("fallback_pool_os_type", pointer, f"{name} runs {found.os_type}, and this pool {pool.os_type}.")
    if found.auto_scaling:
        rejections.add("fallback_pool_autoscaled", pointer, f"{name} is autoscaled. {_AUTOSCALED}")


@unless_refused()
def check_lender(pool: NodePoolSettings, named_by: list[str], rejections: Rejections) -> None:
    """Note what a pool must not become while spot pools name it."""
    if not named_by:
        return
    names = f"{', '.join(named_by)} has it as `spot.fallback_pool`"
    if pool.autoscaling is not None:
        rejections.add("fallback_pool_autoscaled", "/autoscaling", f"{names}. {_AUTOSCALED}")
    if pool.spot is not None:
        rejections.add("fallback_pool_spot", "/spot", f"{names}, which is of regular machines.")


def loans_of(wanted: JsonObject) -> dict[str, list[str]]:
    """What is lent, as sentences by the names of the spot pools. `wanted`: as the cluster's row keeps it."""
    found: dict[str, list[str]] = {}
    pools: JsonList = wanted.get("pools") or []
    for pool in pools:
        for to, count in (pool.get("lent") or {}).items():
            if count:
                found.setdefault(to, []).append(f"Pool {pool['name']} lends {to} {counted(count, 'node')}.")
    return found


def owned_beside(wanted: Wanted, loan: Loan) -> int:
    """How many nodes the pool of a loan has without it."""
    pool = wanted.pool(loan.name)
    return 0 if pool is None else pool.lending(loan.to, None).in_azure.count
