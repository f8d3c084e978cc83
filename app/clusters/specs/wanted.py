"""What a cluster's row wants, and what that is in Azure."""

import string
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from secrets import SystemRandom, choice
from typing import TypeAlias

from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.cluster import ManagedClusterSpec, OutboundProfile
from app.azure.types.cluster_changes import WantedSettings
from app.azure.types.monitoring import MonitoringAddon
from app.azure.types.secret import Secret
from app.azure.types.tags import JOB, owner_tags
from app.core.json import JsonObject
from app.models import Cluster

WantedOutbound: TypeAlias = OutboundProfile
"""By which addresses a cluster's nodes reach the internet, as it is wanted and as Azure has it."""

WantedMonitoring: TypeAlias = MonitoringAddon
"""The monitoring add-on as it is wanted, switched on, and as Azure has it."""

TAG = "tags."
"""How a path among `Wanted.resets` begins that names a tag."""

ADMIN_USERNAME = "azureuser"
# Azure refuses Windows passwords outside 14 to 123 characters, or with fewer than three kinds of character.
_PASSWORD_LENGTH = 32


@dataclass(frozen=True, slots=True)
class WantedPool:
    """A pool as it was asked for: under our name, and what it is in Azure, under Azure's name.

    Slipway's own words for a spot pool, which Azure does not know: `on_eviction`, `report` or `replace`, and
    `fallback_pool`, the pool that lends it nodes while its machines are away.
    """

    name: str
    spec: AgentPoolSpec
    """As the caller asked: its count is without what is lent."""
    on_eviction: str = "report"
    fallback_pool: str | None = None
    lent: dict[str, int] = field(default_factory=dict)
    """How many nodes it has beyond its own count, by the spot pool to which they are lent.

    0: the caller has ended that loan, and there is no other before the spot pool has been whole again.
    """

    @property
    def in_azure(self) -> AgentPoolSpec:
        """What Azure is to have: with the nodes that are lent."""
        return replace(self.spec, count=self.spec.count + sum(self.lent.values())) if self.lent else self.spec

    def lending(self, to: str, count: int | None) -> "WantedPool":
        """The pool with so many nodes lent to another; None: nothing is on record of it."""
        others = {name: each for name, each in self.lent.items() if name != to}
        return replace(self, lent=others if count is None else {**others, to: count})

    def recalled(self, named_by: Iterable[str]) -> "WantedPool":
        """The pool with all its loans ended by the caller's word; `named_by`: the spot pools that name it."""
        return replace(self, lent=dict.fromkeys((*self.lent, *named_by), 0))

    def of_size(self, count: int) -> "WantedPool":
        """The pool where Azure has so many nodes of it: what is lent stays lent, as far as there is so much."""
        left, lent = count, {}
        for name, each in self.lent.items():
            lent[name] = min(each, left)
            left -= lent[name]
        return replace(self, spec=replace(self.spec, count=left), lent=lent)

    def as_json(self) -> JsonObject:
        """The form in which the column keeps it."""
        own = {"name": self.name, "azure_name": self.spec.name, "on_eviction": self.on_eviction}
        return {**self.spec.as_json(), **own, "fallback_pool": self.fallback_pool, "lent": self.lent}

    @classmethod
    def from_json(cls, stored: JsonObject) -> "WantedPool":
        """What `as_json` wrote, or, before there were names of Azure's own, evictions or loans, something without."""
        name = stored["name"]
        spec = AgentPoolSpec.from_json({**stored, "name": stored.get("azure_name", name)})
        on_eviction, lent = stored.get("on_eviction", "report"), dict(stored.get("lent", {}))
        return cls(name, spec, on_eviction, stored.get("fallback_pool"), lent)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `clusters.wanted` holds. `kubernetes_version` None leaves the choice to AKS, and `outbound` None too.

    `monitoring` None: the add-on is not switched on.
    """

    location: str
    kubernetes_version: str | None
    dns_prefix: str
    ssh_public_key: str
    pools: tuple[WantedPool, ...]
    tags: dict[str, str]
    outbound: OutboundProfile | None = None
    monitoring: MonitoringAddon | None = None
    settings: JsonObject = field(default_factory=dict)
    """In the form of `ClusterSettings`, without what is null."""
    ssh_username: str = ADMIN_USERNAME
    password_given: bool = False
    """The caller gave a Windows password, which lies sealed until Azure has it; no other is made in its place."""
    resets: tuple[str, ...] = ()
    """Settings (dotted paths) and tags ("tags.team") that were given up, and that Azure may still have."""

    def pool(self, name: str) -> WantedPool | None:
        """The pool of this name."""
        return next((pool for pool in self.pools if pool.name == name), None)

    @property
    def pool_names(self) -> dict[str, str]:
        """Our names of the pools, by Azure's."""
        return {pool.spec.name: pool.name for pool in self.pools}

    def beside(self, name: str) -> dict[str, AgentPoolSpec]:
        """What the other pools are, by their names."""
        return {pool.name: pool.spec for pool in self.pools if pool.name != name}

    def lent_by(self, name: str) -> dict[str, int]:
        """What a pool has on record of its loans."""
        pool = self.pool(name)
        return {} if pool is None else pool.lent

    def naming(self, fallback_pool: str) -> list[str]:
        """The spot pools that name this pool as the one that lends them nodes."""
        return [pool.name for pool in self.pools if pool.fallback_pool == fallback_pool]

    @property
    def windows(self) -> bool:
        """Whether a pool runs Windows."""
        return any(pool.spec.os_type == "Windows" for pool in self.pools)

    @property
    def windows_profile(self) -> bool:
        """Whether the cluster is told who administers its Windows nodes; a pool of them may come later."""
        return self.windows or self.password_given or "windows" in self.settings

    def as_json(self) -> JsonObject:
        """The column's form."""
        return {
            "location": self.location,
            "kubernetes_version": self.kubernetes_version,
            "dns_prefix": self.dns_prefix,
            "ssh_public_key": self.ssh_public_key,
            "pools": [pool.as_json() for pool in self.pools],
            "tags": self.tags,
            "outbound": None if self.outbound is None else outbound_json(self.outbound),
            "monitoring": None if self.monitoring is None else monitoring_json(self.monitoring),
            "settings": self.settings,
            "ssh_username": self.ssh_username,
            "password_given": self.password_given,
            "resets": list(self.resets),
        }

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Wanted":
        """What `as_json` wrote."""
        return cls(
            location=stored["location"],
            kubernetes_version=stored["kubernetes_version"],
            dns_prefix=stored["dns_prefix"],
            ssh_public_key=stored["ssh_public_key"],
            pools=tuple(WantedPool.from_json(pool) for pool in stored["pools"]),
            tags=dict(stored["tags"]),
            outbound=None if stored.get("outbound") is None else outbound_from_json(stored["outbound"]),
            monitoring=None if stored.get("monitoring") is None else monitoring_from_json(stored["monitoring"]),
            settings=dict(stored.get("settings", {})),
            ssh_username=stored.get("ssh_username", ADMIN_USERNAME),
            password_given=stored.get("password_given", False),
            resets=tuple(stored.get("resets", ())),
        )


def outbound_json(outbound: OutboundProfile) -> JsonObject:
    """An outbound profile as rows keep it."""
    return {
        "managed_count": outbound.managed_count,
        "public_ip_ids": list(outbound.public_ip_ids),
        "prefix_ids": list(outbound.prefix_ids),
        "allocated_ports": outbound.allocated_ports,
        "idle_timeout_minutes": outbound.idle_timeout_minutes,
    }


def outbound_from_json(stored: JsonObject) -> OutboundProfile:
    """What `outbound_json` wrote."""
    return OutboundProfile(
        managed_count=stored["managed_count"],
        public_ip_ids=tuple(stored["public_ip_ids"]),
        prefix_ids=tuple(stored["prefix_ids"]),
        allocated_ports=stored["allocated_ports"],
        idle_timeout_minutes=stored["idle_timeout_minutes"],
    )


def monitoring_json(addon: MonitoringAddon) -> JsonObject:
    """A monitoring add-on as rows keep it."""
    return {"workspace_id": addon.workspace_id, "managed_identity": addon.managed_identity}


def monitoring_from_json(stored: JsonObject) -> MonitoringAddon:
    """What `monitoring_json` wrote."""
    return MonitoringAddon(stored["workspace_id"], stored["managed_identity"])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cluster is in Azure, and whose it is. Names are fixed first, so a lost answer is found."""

    cluster_id: str
    project_id: str
    subscription_id: str
    resource_group: str
    azure_name: str


def place_of(cluster: Cluster) -> Place:
    """Where a row's cluster is."""
    return Place(
        cluster_id=cluster.id,
        project_id=cluster.project_id,
        subscription_id=cluster.subscription_id,
        resource_group=cluster.resource_group,
        azure_name=cluster.azure_name,
    )


def tags_of(place: Place, wanted: Wanted, *, job_id: str) -> dict[str, str]:
    """The caller's tags, and ours. The first job's id stays, so that its clean-up finds what it made."""
    return {**wanted.tags, **owner_tags(project_id=place.project_id, cluster_id=place.cluster_id), JOB: job_id}


def settings_of(wanted: Wanted) -> WantedSettings:
    """What shall hold of a cluster that is there. Tags that nobody here asked for stay as they are."""
    gone = {each.removeprefix(TAG): None for each in wanted.resets if each.startswith(TAG)}
    return WantedSettings(wanted.settings, wanted.resets, {**gone, **wanted.tags}, wanted.ssh_public_key)


def principal_of(wanted: Wanted) -> JsonObject | None:
    """The application as which the cluster acts in Azure; None: a managed identity."""
    principal: JsonObject | None = (wanted.settings.get("identity") or {}).get("service_principal")
    return principal


@dataclass(frozen=True, slots=True)
class PutSecrets:
    """The secrets of a cluster's PUT."""

    windows_password: Secret | None = None
    service_principal: Secret | None = None


def desired(place: Place, wanted: Wanted, *, job_id: str, secrets: PutSecrets) -> ManagedClusterSpec:
    """The cluster's PUT."""
    return ManagedClusterSpec(
        location=wanted.location,
        kubernetes_version=wanted.kubernetes_version,
        dns_prefix=wanted.dns_prefix,
        tags=tags_of(place, wanted, job_id=job_id),
        pools=tuple(pool.in_azure for pool in wanted.pools),
        admin_username=wanted.ssh_username,
        ssh_public_key=wanted.ssh_public_key,
        windows_admin_username=ADMIN_USERNAME if wanted.windows_profile else None,
        windows_admin_password=secrets.windows_password,
        service_principal_secret=secrets.service_principal,
        outbound=wanted.outbound,
        monitoring=wanted.monitoring,
        settings=wanted.settings,
    )


def made_password() -> Secret:
    """A Windows password that nobody knows: it is made anew for each PUT and kept nowhere."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")
    drawn = [choice(kind) for kind in kinds]
    drawn += [choice("".join(kinds)) for _ in range(_PASSWORD_LENGTH - len(drawn))]
    SystemRandom().shuffle(drawn)
    return Secret("".join(drawn))
