"""The rules of a request that its schema cannot say. All that is broken is told at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.api.in_part import unless_refused
from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.cluster import OutboundProfile
from app.azure.types.network import VirtualNetwork
from app.clusters.schemas.clusters import ClusterCreate
from app.clusters.schemas.pools import DEFAULT_POOL, NodePoolCreate, OsType, PoolMode
from app.clusters.schemas.settings import ClusterSettings
from app.clusters.specs.ground_rules import check_ground
from app.clusters.specs.lending import check_fallback
from app.clusters.specs.network_rules import check_addresses
from app.clusters.specs.outbound import merged_outbound
from app.clusters.specs.pool_rules import check_gateways, check_networks, check_pool
from app.clusters.specs.pool_spec import azure_pool_name, spec_of, wanted_of
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.secret_rules import SecretPlaces, check_secrets, check_ssh_key
from app.clusters.specs.setting_rules import check_settings
from app.clusters.specs.settings_patch import settings_json
from app.clusters.specs.wanted import Wanted, WantedPool
from app.core.ids import looks_like_id
from app.core.ssh import KeyPair, generate_key_pair

# https://learn.microsoft.com/azure/aks/faq: what AKS names its own resource group has at most 80 characters.
_NODE_GROUP_LENGTH = 80
_DNS_NAME_LENGTH = 40
_LEAST_GROUP, _LONGEST_GROUP = 16, 64


@dataclass(frozen=True, slots=True)
class Checked:
    """A create that keeps the rules: what is wanted, in which group, and the private key when one was generated."""

    wanted: Wanted
    group: str
    private_key: str | None = field(repr=False)


def settings_of(body: ClusterCreate) -> ClusterSettings:
    """The part of a request that says what the cluster is set to."""
    return ClusterSettings.model_construct(**{name: getattr(body, name) for name in ClusterSettings.model_fields})


def _group_of(project: str, body: ClusterCreate) -> str:
    """The cluster's group; where it names none, short enough for AKS to put it into its own group's name."""
    if body.resource_group is not None:
        return body.resource_group
    room = _NODE_GROUP_LENGTH - len(_node_group("", body.name, body.location))
    return f"slipway-{project}-{body.name}"[: min(max(room, _LEAST_GROUP), _LONGEST_GROUP)].rstrip(".-_")


def _node_group(group: str, name: str, location: str) -> str:
    return f"MC_{group}_{name}_{location}"


def check_create(
    body: ClusterCreate,
    *,
    cluster_id: str,
    project: str,
    secrets: SecretPlaces,
    rejections: Rejections,
    networks: Mapping[str, VirtualNetwork],
    own_addresses: Sequence[str] = (),
) -> Checked:
    """Check a create and say what it wants.

    `project`: its name; `secrets`: where secrets that it names may lie; `rejections`: what is known to be wrong;
    `networks`: the virtual networks that are known of those that it names, by their ids in lower case;
    `own_addresses`: the ids in Azure of the public addresses that it names.
    Raises InvalidRequestError with every rule that it breaks.
    """
    pools: list[WantedPool] = []
    key = KeyPair("", "")
    windows = False
    _check_name(body, project, rejections)
    with unless_refused():
        rejections.tags(body.tags)
    with unless_refused():
        pools = _pools(body, rejections)
    with unless_refused():
        windows = any(pool.os_type is OsType.WINDOWS for pool in body.node_pools or ())
    check_settings(body, windows=windows, rejections=rejections)
    check_ground(body, networks=networks, rejections=rejections)
    with unless_refused():
        check_addresses(body.network, [each.location for each in body.fallbacks], rejections)
    check_secrets(body, places=secrets, rejections=rejections)
    with unless_refused():
        key = _key(body, rejections)
    rejections.raise_if_any()
    wanted = Wanted(
        location=body.location.lower(),
        kubernetes_version=body.kubernetes_version,
        dns_prefix=_dns_prefix(body.name, cluster_id),
        ssh_public_key=key.public,
        pools=tuple(pools),
        tags=dict(body.tags),
        settings=settings_json(settings_of(body)),
        ssh_username=body.ssh_username,
        password_given=body.windows_password is not None,
        outbound=_outbound(body, own_addresses),
    )
    return Checked(wanted, _group_of(project, body), key.private or None)


def _check_name(body: ClusterCreate, project: str, rejections: Rejections) -> None:
    with unless_refused():
        if looks_like_id(body.name):
            rejections.add("name_looks_like_id", "/name", "A name that begins like an id of Slipway's is not allowed.")
    with unless_refused():
        group = _group_of(project, body)
        longest = _NODE_GROUP_LENGTH - len(_node_group(group, "", body.location))
        if len(body.name) > longest:
            rejections.add(
                "name_too_long_for_group",
                "/name",
                f"AKS names a group MC_<group>_<name>_<location>, of at most {_NODE_GROUP_LENGTH} characters: in the "
                f"resource group {group} a cluster's name has at most {max(longest, 0)}. Shorten either.",
            )


def _outbound(body: ClusterCreate, own_addresses: Sequence[str]) -> OutboundProfile | None:
    asked = body.network.outbound if body.network is not None else None
    return None if asked is None else merged_outbound(OutboundProfile(), asked, own_addresses)


def _pools(body: ClusterCreate, rejections: Rejections) -> list[WantedPool]:
    with unless_refused():
        if body.node_pools is not None and (body.node_count is not None or body.node_size is not None):
            detail = "Give either `node_count` and `node_size`, or `node_pools`, not both."
            rejections.add("nodes_given_twice", "", detail)
    if body.node_pools is None:
        for name in ("node_count", "node_size"):
            with unless_refused():
                if getattr(body, name) is None:
                    rejections.add("required", f"/{name}", "Give `node_count` and `node_size`, or `node_pools`.")
        if body.node_count is None or body.node_size is None:
            return []
        only = AgentPoolSpec(DEFAULT_POOL, PoolMode.SYSTEM, OsType.LINUX, body.node_size, body.node_count)
        return [WantedPool(DEFAULT_POOL, only)]
    placed = {f"/node_pools/{index}": pool for index, pool in enumerate(body.node_pools)}
    for at, pool in placed.items():
        check_pool(pool, at, rejections)
    check_networks(placed, rejections)
    with unless_refused():
        check_gateways(placed, body.azure_properties or {}, rejections)
    with unless_refused():
        for name, times in Counter(pool.name for pool in body.node_pools).items():
            if times > 1:
                rejections.add("duplicate_node_pool", "/node_pools", f"{times} pools are named {name}.")
    with unless_refused():
        if not any(pool.mode is PoolMode.SYSTEM for pool in body.node_pools):
            rejections.add("no_system_pool", "/node_pools", "One pool at least has `mode: System`.")
    return _named(placed, rejections)


def _named(placed: Mapping[str, NodePoolCreate], rejections: Rejections) -> list[WantedPool]:
    """The pools under Azure's names; a spot pool may name another of them. `placed`: by their pointers."""
    names: dict[str, str] = {}
    for pool in placed.values():
        names[pool.name] = azure_pool_name(pool.name, pool.os_type, taken=names.values())
    specs = {pool.name: spec_of(pool, names[pool.name]) for pool in placed.values()}
    for at, pool in placed.items():
        check_fallback(pool, {name: spec for name, spec in specs.items() if name != pool.name}, at, rejections)
    return [wanted_of(pool.name, pool, specs[pool.name]) for pool in placed.values()]


def _key(body: ClusterCreate, rejections: Rejections) -> KeyPair:
    if body.generate_ssh_key and body.ssh_public_key is not None:
        rejections.add("ssh_key_given_twice", "/ssh_public_key", "Give a key, or have one generated, not both.")
    if body.ssh_public_key is not None:
        return KeyPair(check_ssh_key(body.ssh_public_key, rejections), "")
    if body.generate_ssh_key:
        return generate_key_pair()
    rejections.add("required", "/ssh_public_key", "Give `ssh_public_key`, or `generate_ssh_key: true`.")
    return KeyPair("", "")


def _dns_prefix(name: str, cluster_id: str) -> str:
    """Azure's part of the cluster's address: from its name for people, and from its id to be nobody else's."""
    plain = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
    return f"{plain[:_DNS_NAME_LENGTH].strip('-')}-{cluster_id[-8:]}"
