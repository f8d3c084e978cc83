"""The rules of a request that its schema cannot say. All that is broken is told at once."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from app.clusters.schemas import DEFAULT_POOL, ClusterCreate, NodePoolCreate, OsType, PoolMode
from app.clusters.specs.wanted import Wanted, WantedPool
from app.core.errors import FieldError, InvalidRequestError
from app.core.ids import looks_like_id
from app.core.ssh import KeyPair, RefusedKeyError, check_public_key, generate_key_pair
from app.subscriptions.specs import reserved_tags

MOST_TAGS = 40
_WINDOWS_POOL_NAME = 6
# https://learn.microsoft.com/azure/aks/faq: what AKS names its own resource group has at most 80 characters.
_NODE_GROUP_LENGTH = 80
_DNS_NAME_LENGTH = 40
_LEAST_GROUP, _LONGEST_GROUP = 16, 64


@dataclass
class Rejections:
    """What is wrong with a request."""

    errors: list[FieldError] = field(default_factory=list)

    def add(self, code: str, pointer: str, detail: str) -> None:
        """Note one thing."""
        self.errors.append(FieldError(code, pointer, detail))

    def tags(self, tags: Collection[str]) -> None:
        """Note tags that Azure or Slipway keeps for itself, and those that Azure would not take together."""
        self.errors.extend(reserved_tags(tags))
        for key, times in Counter(key.lower() for key in tags).items():
            if times > 1:
                self.add("duplicate_tag", "/tags", f"Azure takes {key} once, without regard to case.")
        if len(tags) > MOST_TAGS:
            self.add("too_many_tags", "/tags", f"A cluster has at most {MOST_TAGS} tags beside Slipway's own.")

    def raise_if_any(self) -> None:
        """Raise InvalidRequestError with all that was noted."""
        if self.errors:
            raise InvalidRequestError("The request breaks rules; `errors` names each.", errors=self.errors)


@dataclass(frozen=True, slots=True)
class Checked:
    """A create that keeps the rules: what is wanted, and the private key when one was generated."""

    wanted: Wanted
    private_key: str | None = field(repr=False)


def default_group(project: str, body: ClusterCreate) -> str:
    """The group of a cluster that names none; short enough for AKS to put it into its own group's name."""
    room = _NODE_GROUP_LENGTH - len(_node_group("", body.name, body.location))
    return f"slipway-{project}-{body.name}"[: min(max(room, _LEAST_GROUP), _LONGEST_GROUP)].rstrip(".-_")


def _node_group(group: str, name: str, location: str) -> str:
    return f"MC_{group}_{name}_{location}"


def check_create(body: ClusterCreate, *, cluster_id: str, group: str, catalogue: list[FieldError]) -> Checked:
    """Check a create and say what it wants. `catalogue`: what Azure's offer has against it.

    Raises InvalidRequestError with every rule that it breaks.
    """
    rejections = Rejections([*catalogue])
    if looks_like_id(body.name):
        rejections.add("name_looks_like_id", "/name", "A name that begins like an id of Slipway's is not allowed.")
    longest = _NODE_GROUP_LENGTH - len(_node_group(group, "", body.location))
    if len(body.name) > longest:
        rejections.add(
            "name_too_long_for_group",
            "/name",
            f"AKS names a group MC_<group>_<name>_<location>, of at most {_NODE_GROUP_LENGTH} characters: in the "
            f"resource group {group} a cluster's name has at most {max(longest, 0)}. Shorten either.",
        )
    rejections.tags(body.tags)
    pools = _pools(body, rejections)
    key = _key(body, rejections)
    rejections.raise_if_any()
    wanted = Wanted(
        location=body.location.lower(),
        kubernetes_version=body.kubernetes_version,
        dns_prefix=_dns_prefix(body.name, cluster_id),
        ssh_public_key=key.public,
        pools=tuple(pools),
        tags=dict(body.tags),
    )
    return Checked(wanted, key.private or None)


def _pools(body: ClusterCreate, rejections: Rejections) -> list[WantedPool]:
    if body.node_pools is None:
        if body.node_count is None or body.node_size is None:
            for name in ("node_count", "node_size"):
                if getattr(body, name) is None:
                    rejections.add("required", f"/{name}", "Give `node_count` and `node_size`, or `node_pools`.")
            return []
        return [WantedPool(DEFAULT_POOL, PoolMode.SYSTEM, OsType.LINUX, body.node_size, body.node_count)]
    for index, pool in enumerate(body.node_pools):
        _check_pool(pool, f"/node_pools/{index}", rejections)
    for name, times in Counter(pool.name for pool in body.node_pools).items():
        if times > 1:
            rejections.add("duplicate_node_pool", "/node_pools", f"{times} pools are named {name}.")
    if not any(pool.mode is PoolMode.SYSTEM for pool in body.node_pools):
        rejections.add("no_system_pool", "/node_pools", "One pool at least has `mode: System`.")
    return [WantedPool(pool.name, pool.mode, pool.os_type, pool.size, pool.count) for pool in body.node_pools]


def _check_pool(pool: NodePoolCreate, at: str, rejections: Rejections) -> None:
    if pool.os_type is OsType.WINDOWS and len(pool.name) > _WINDOWS_POOL_NAME:
        rejections.add("windows_pool_name", f"{at}/name", f"A Windows pool's name has at most {_WINDOWS_POOL_NAME}.")
    if pool.mode is PoolMode.SYSTEM and pool.os_type is OsType.WINDOWS:
        rejections.add("windows_system_pool", f"{at}/os_type", "System pools run Linux.")
    if pool.mode is PoolMode.SYSTEM and pool.count < 1:
        rejections.add("system_pool_empty", f"{at}/count", "A system pool has at least one node.")


def _key(body: ClusterCreate, rejections: Rejections) -> KeyPair:
    if body.generate_ssh_key and body.ssh_public_key is not None:
        rejections.add("ssh_key_given_twice", "/ssh_public_key", "Give a key, or have one generated, not both.")
    if body.ssh_public_key is not None:
        try:
            return KeyPair(check_public_key(body.ssh_public_key), "")
        except RefusedKeyError as refused:
            rejections.add(refused.code, "/ssh_public_key", str(refused))
    elif body.generate_ssh_key:
        return generate_key_pair()
    else:
        rejections.add("required", "/ssh_public_key", "Give `ssh_public_key`, or `generate_ssh_key: true`.")
    return KeyPair("", "")


def _dns_prefix(name: str, cluster_id: str) -> str:
    """Azure's part of the cluster's address: from its name for people, and from its id to be nobody else's."""
    plain = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
    return f"{plain[:_DNS_NAME_LENGTH].strip('-')}-{cluster_id[-8:]}"
