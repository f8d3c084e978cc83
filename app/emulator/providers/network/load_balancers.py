"""Load balancers: frontends with addresses, rules that refer inside, pools kept while machines are in them."""

from collections.abc import Iterable

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.network_documents import LOAD_BALANCER, NETWORK_INTERFACE, PART_DEFAULTS, PUBLIC_IP
from app.emulator.core.network_limits import MOST_FRONTENDS, MOST_RULES, MOST_RULES_PER_NIC
from app.emulator.core.paths import key_of
from app.emulator.core.store import Resource
from app.emulator.providers.network.balancer_rules import check_rules
from app.emulator.providers.network.drafts import Draft, Kind, target_of
from app.emulator.providers.network.errors import bad, balancer_in_use, invalid_format, scale_sets_of
from app.emulator.providers.network.names import TYPES
from app.emulator.providers.network.private_addresses import PrivateAddresses, find_before
from app.emulator.providers.network.public_ips import USERS, give_dynamic_address
from app.emulator.providers.network.references import References

KINDS = tuple(kind for parent, kind in PART_DEFAULTS if parent == LOAD_BALANCER)
_SHOWN_WHEN_ASKED = "inboundNatPools"


def kind() -> Kind:
    """How load balancers are made: at once, as recorded."""
    return Kind(
        TYPES[LOAD_BALANCER],
        _build,
        _check_removal,
        _check_part_removal,
        reserve=_reserve,
        release=_release,
        seconds=0,
        retry_after=None,
    )


def _build(draft: Draft) -> Document:
    sku = draft.sku("Basic")
    parts = {name: draft.parts(name) for name in KINDS}
    _check_limits(draft, sku["name"], parts)
    _check_frontends(draft, sku["name"], parts["frontendIPConfigurations"])
    if not parts["frontendIPConfigurations"] and (parts["loadBalancingRules"] or parts["inboundNatRules"]):
        raise bad(
            "LoadBalancerWithoutFrontendIPCantHaveChildResources",
            f"Load balancer {draft.id} without frontend IP configurations cannot have rules.",
        )
    check_rules(draft.id, parts)
    _check_kept(draft, parts["backendAddressPools"])
    _check_rules_per_nic(draft, parts)
    if not parts[_SHOWN_WHEN_ASKED]:
        del parts[_SHOWN_WHEN_ASKED]
    return draft.body(dict(parts), sku=sku)


def _check_limits(draft: Draft, sku: str, parts: dict[str, list[Document]]) -> None:
    frontends = len(parts["frontendIPConfigurations"])
    most = MOST_FRONTENDS.get(sku, MOST_FRONTENDS["Standard"])
    if frontends > most:
        raise bad(
            "LoadBalancerFrontendIPConfigurationCountLimitReached",
            f"A load balancer cannot have more than {most} FrontendIPConfigurations.",
        )
    rules = sum(len(parts[name]) for name in ("loadBalancingRules", "inboundNatRules", "outboundRules"))
    most = MOST_RULES.get(sku, MOST_RULES["Standard"])
    if rules > most:
        raise bad("LoadBalancerRuleCountLimitReached", f"Load balancer {draft.id} cannot have more than {most} rules.")


def _check_frontends(draft: Draft, sku: str, frontends: list[Document]) -> None:
    private = PrivateAddresses(draft)
    public: dict[str, str] = {}
    for frontend in frontends:
        properties = frontend["properties"]
        address = target_of(properties, "publicIPAddress")
        named = [name for name in ("publicIPAddress", "subnet", "publicIPPrefix") if properties.get(name)]
        if len(named) != 1:
            raise invalid_format(f"frontend {frontend['name']} needs a publicIPAddress or a subnet, and only one")
        if address is not None:
            found = check_public_ip(draft, address, frontend["id"])
            if found.key in public:
                raise bad(
                    "PublicIPReferencedByMultipleIPConfigs",
                    f"Public ip address {found.id} is referenced by multiple ipconfigs in resource {draft.id}.",
                )
            public[found.key] = frontend["id"]
            if found.body["sku"]["name"] != sku:
                raise bad(
                    "PublicIPAndLBSkuDoNotMatch",
                    f"{sku} sku load balancer {draft.id} cannot reference {found.body['sku']['name']} sku publicIP "
                    f"{found.id}.",
                )
            properties["publicIPAddress"] = {"id": found.id}
        private.settle(frontend, find_before(draft, "frontendIPConfigurations", frontend["name"]))


def check_public_ip(draft: Draft, target: str, by: str) -> Resource:
    """The public address, which nothing but the IP configuration `by` may have."""
    found = draft.require(target, by, PUBLIC_IP)
    mine = key_of(draft.id) + "/"
    for user in draft.references.users(found.id, *USERS):
        # Parts of this very resource are counted where its document is looked at.
        if not key_of(user).startswith(mine):
            raise bad(
                "PublicIPAddressInUse",
                f"Resource {by} is referencing public IP address {found.id} that is already allocated to resource "
                f"{user}.",
            )
    return found


def _check_kept(draft: Draft, pools: Iterable[Document]) -> None:
    now = {pool["name"].lower() for pool in pools}
    for pool in draft.before.get("backendAddressPools", ()):
        if pool["name"].lower() not in now:
            _check_pool_unused(draft.id, [pool["id"]], draft.references)


def _check_rules_per_nic(draft: Draft, parts: dict[str, list[Document]]) -> None:
    for pool in parts["backendAddressPools"]:
        key = key_of(pool["id"])
        rules = sum(
            any(key_of(one["id"]) == key for one in rule["properties"]["backendAddressPools"])
            for rule in parts["loadBalancingRules"]
        )
        if rules > MOST_RULES_PER_NIC - 1 and draft.references.users(pool["id"], "ipconfigurations"):
            raise bad(
                "LoadBalancerRuleCountLimitReachedForNic",
                f"A network interface in the backend pool {pool['id']} cannot have more than {MOST_RULES_PER_NIC - 1} "
                "NAT or load balancing rules.",
            )


def _check_pool_unused(balancer: str, pools: list[str], references: References) -> None:
    used = {pool: scale_sets_of(references.users(pool, "ipconfigurations")) for pool in pools}
    held = [pool for pool, scale_sets in used.items() if scale_sets]
    if held:
        raise balancer_in_use(balancer, held, used[held[0]][0])


def _check_removal(balancer: Resource, references: References) -> None:
    pools = [pool["id"] for pool in balancer.body["properties"]["backendAddressPools"]]
    _check_pool_unused(balancer.id, pools, references)


def _check_part_removal(balancer: Resource, part_kind: str, part: str, references: References) -> None:
    rules = references.users(part, "loadbalancingrules", "outboundrules")
    if rules:
        raise bad("ResourceInUse", f"{part} cannot be deleted because it is in use by {', '.join(rules)}.")
    if part_kind == "backendAddressPools":
        _check_pool_unused(balancer.id, [part], references)


def _reserve(cloud: Cloud, balancer: Resource, _draft: Draft) -> None:
    """Addresses of dynamic allocation are given when they are attached."""
    for frontend in balancer.body["properties"]["frontendIPConfigurations"]:
        address = cloud.store.get(target_of(frontend["properties"], "publicIPAddress") or "")
        if address is not None:
            give_dynamic_address(cloud, address)


def _release(cloud: Cloud, balancer: Resource, references: References) -> None:
    """NICs of a user's own leave the pools of a balancer that goes."""
    pools = {key_of(pool["id"]): pool["id"] for pool in balancer.body["properties"]["backendAddressPools"]}
    users = {user.split("/ipConfigurations/")[0] for pool in pools.values() for user in references.users(pool)}
    for user in users:
        nic = cloud.store.get(user)
        if nic is None or nic.type != NETWORK_INTERFACE:
            continue
        for configuration in nic.body["properties"]["ipConfigurations"]:
            listed = configuration["properties"].get("loadBalancerBackendAddressPools") or []
            kept = [pool for pool in listed if key_of(pool["id"]) not in pools]
            configuration["properties"]["loadBalancerBackendAddressPools"] = kept
        cloud.store.touch(nic)
