"""What a caller takes instead where Azure has no room: offers in the caller's order (trouble 76)."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from app.azure.types.agent_pool import AgentPoolSpec
from app.clusters.specs.wanted import Wanted, WantedPool
from app.core.errors import ErrorClass, Problem
from app.core.json import JsonObject

REMEMBERED = timedelta(minutes=10)
"""So long an offer that was refused is not tried again, where there is another."""
_ELSEWHERE = frozenset({ErrorClass.QUOTA, ErrorClass.CAPACITY})
_NOT_OFFERED = frozenset({"azure_size_not_available", "azure_zone_not_supported", "azure_location_not_available"})
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Machines:
    """Of which size the machines of a pool are, and in which zones."""

    size: str
    zones: list[str]


@dataclass(frozen=True, slots=True)
class Offer:
    """A location, and the machines of each pool by our name."""

    location: str
    pools: dict[str, Machines]

    @classmethod
    def of(cls, wanted: Wanted, names: Collection[str]) -> "Offer":
        """What is wanted of these pools."""
        found = {pool.name: pool.spec for pool in wanted.pools if pool.name in names}
        return cls(wanted.location, {name: Machines(spec.vm_size, list(spec.zones)) for name, spec in found.items()})

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Offer":
        """What `as_json` wrote."""
        return cls(stored["location"], {name: Machines(**each) for name, each in stored["pools"].items()})

    def as_json(self) -> JsonObject:
        """As a job's request keeps it."""
        return asdict(self)

    def instead(self, *, location: str | None, size: str | None, zones: list[str] | None) -> "Offer":
        """This offer with what is named in place of its own, for all its pools."""
        pools = {
            name: Machines(size or each.size, each.zones if zones is None else zones)
            for name, each in self.pools.items()
        }
        return Offer(location or self.location, pools)

    def taken(self, wanted: Wanted) -> Wanted:
        """What is wanted, under this offer."""
        pools = tuple(replace(pool, spec=self._spec(pool)) for pool in wanted.pools)
        return replace(wanted, location=self.location, pools=pools)

    def _spec(self, pool: WantedPool) -> AgentPoolSpec:
        machines = self.pools.get(pool.name)
        if machines is None:
            return pool.spec
        return replace(pool.spec, vm_size=machines.size, zones=tuple(machines.zones))

    @property
    def key(self) -> str:
        """Under which a refusal is remembered: pools of other names are refused the same."""
        parts = sorted({f"{each.size}/{','.join(each.zones)}" for each in self.pools.values()})
        return f"{self.location}/{'+'.join(parts)}".lower()[:_LONGEST]

    def refused(self, *, code: str, detail: str, remembered: bool = False) -> JsonObject:
        """One try, as a job's outcome lists it. `remembered`: it was not sent, since Azure refused it lately."""
        return {
            "location": self.location,
            "sizes": sorted({each.size for each in self.pools.values()}),
            "zones": sorted({zone for each in self.pools.values() for zone in each.zones}),
            "code": code,
            "detail": detail,
            "remembered": remembered,
        }


def offers_of(request: JsonObject) -> Sequence[Offer]:
    """The caller's offers, the first one first; none where there are no others."""
    return [Offer.from_json(each) for each in request.get("offers", [])]


def may_fall_back(problem: Problem) -> bool:
    """Whether another size, zone or location may do: no room, no quota, or not offered to the subscription."""
    return problem.error_class in _ELSEWHERE or problem.code in _NOT_OFFERED
