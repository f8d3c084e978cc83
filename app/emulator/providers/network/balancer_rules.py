"""What the rules, probes and NAT rules of a load balancer may say about each other."""

from collections.abc import Mapping

from app.emulator.core.documents import Document
from app.emulator.core.paths import key_of
from app.emulator.providers.network.drafts import number, one_of, target_of
from app.emulator.providers.network.errors import bad, invalid_format, invalid_reference

Parts = Mapping[str, list[Document]]

_OUTBOUND_PORTS_STEP = 8
_MOST_OUTBOUND_PORTS = 64_000
_PROTOCOLS = ("Tcp", "Udp", "All")
_IDLE = {"loadBalancingRules": (4, 100), "inboundNatRules": (4, 30), "outboundRules": (4, 120)}


def check_rules(balancer: str, parts: Parts) -> None:
    """Raise Network's refusal for the first rule that is wrong, by itself or beside another."""
    ids = {kind: {key_of(item["id"]): item["id"] for item in items} for kind, items in parts.items()}
    for rule in parts["loadBalancingRules"]:
        _check_balancing(rule, ids)
    for kind in ("inboundNatRules", "inboundNatPools"):
        for rule in parts[kind]:
            _refer(rule, "frontendIPConfiguration", ids["frontendIPConfigurations"])
            _spell(rule, _PROTOCOLS)
    for probe in parts["probes"]:
        _check_probe(probe)
    for rule in parts["outboundRules"]:
        _check_outbound(rule, ids)
    for kind, (lowest, highest) in _IDLE.items():
        for rule in parts[kind]:
            number(rule["properties"], "idleTimeoutInMinutes", lowest, highest)
    _check_frontend_ports(balancer, parts)
    _check_backend_ports(parts)


def _refer(item: Document, field: str, known: Mapping[str, str], *, needed: bool = True) -> None:
    target = target_of(item["properties"], field)
    if target is None:
        if needed:
            raise invalid_format(f"{item['name']} needs a {field}")
        return
    if key_of(target) not in known:
        raise invalid_reference(target, item["id"])
    item["properties"][field] = {"id": known[key_of(target)]}


def _spell(item: Document, words: tuple[str, ...]) -> None:
    item["properties"]["protocol"] = one_of(item["properties"], "protocol", words)


def _check_balancing(rule: Document, ids: Mapping[str, Mapping[str, str]]) -> None:
    properties = rule["properties"]
    _refer(rule, "frontendIPConfiguration", ids["frontendIPConfigurations"])
    _refer(rule, "probe", ids["probes"], needed=False)
    pools = properties.get("backendAddressPools") or []
    if not properties.get("backendAddressPool") and pools:
        properties["backendAddressPool"] = pools[0]
    _refer(rule, "backendAddressPool", ids["backendAddressPools"], needed=False)
    pool = properties.get("backendAddressPool")
    properties["backendAddressPools"] = [pool] if pool else []
    _spell(rule, _PROTOCOLS)
    every = properties["protocol"] == "All"
    for field in ("frontendPort", "backendPort"):
        port = number(properties, field, 0 if every else 1, 65_535)
        if port is None:
            raise invalid_format(f"{rule['name']} needs a {field}")
    distribution = one_of(properties, "loadDistribution", ("Default", "SourceIP", "SourceIPProtocol"))
    properties["loadDistribution"] = distribution


def _check_probe(probe: Document) -> None:
    properties = probe["properties"]
    _spell(probe, ("Tcp", "Http", "Https"))
    if number(properties, "port", 1, 65_535) is None:
        raise invalid_format(f"{probe['name']} needs a port")
    number(properties, "intervalInSeconds", 5, 2_147_483_646)
    if (properties["protocol"] == "Tcp") == bool(properties.get("requestPath")):
        raise bad(
            "ProbeRequestPathInvalid",
            f"Probe {probe['id']}: requestPath goes with the protocols Http and Https, and only with them.",
        )


def _check_outbound(rule: Document, ids: Mapping[str, Mapping[str, str]]) -> None:
    properties = rule["properties"]
    _spell(rule, _PROTOCOLS)
    _refer(rule, "backendAddressPool", ids["backendAddressPools"])
    known = ids["frontendIPConfigurations"]
    frontends = properties.get("frontendIPConfigurations") or []
    if not frontends:
        raise invalid_format(f"{rule['name']} needs frontendIPConfigurations")
    named = []
    for frontend in frontends:
        target = target_of({"frontendIPConfiguration": frontend}, "frontendIPConfiguration") or ""
        if key_of(target) not in known:
            raise invalid_reference(target, rule["id"])
        named.append({"id": known[key_of(target)]})
    properties["frontendIPConfigurations"] = named
    ports = number(properties, "allocatedOutboundPorts", 0, _MOST_OUTBOUND_PORTS) or 0
    if ports % _OUTBOUND_PORTS_STEP:
        raise bad(
            "LoadBalancerOutboundRuleInvalidAllocatedOutboundPorts",
            f"Outbound rule {rule['id']} has {ports} allocatedOutboundPorts, which is not a multiple of "
            f"{_OUTBOUND_PORTS_STEP}.",
        )


def _overlap(one: str, other: str) -> bool:
    return one == other or "All" in {one, other}


def _check_frontend_ports(balancer: str, parts: Parts) -> None:
    taken: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for kind in ("loadBalancingRules", "inboundNatRules"):
        for rule in parts[kind]:
            properties = rule["properties"]
            port = properties.get("frontendPort")
            if port is None:
                continue
            place = (key_of(properties["frontendIPConfiguration"]["id"]), port)
            for protocol, other in taken.get(place, ()):
                if _overlap(protocol, properties["protocol"]):
                    raise bad(
                        "RulesUseSameFrontendPortProtocolAndFrontendIP",
                        f"Rules {other} and {rule['id']} of load balancer {balancer} use the same protocol {protocol} "
                        f"and frontend port {port} of the same frontend IP configuration.",
                    )
            taken.setdefault(place, []).append((properties["protocol"], rule["id"]))


def _check_backend_ports(parts: Parts) -> None:
    taken: dict[tuple[str, int, bool, str], list[tuple[str, str]]] = {}
    for rule in parts["loadBalancingRules"]:
        properties = rule["properties"]
        pool = target_of(properties, "backendAddressPool")
        if pool is None:
            continue
        floating = bool(properties["enableFloatingIP"])
        frontend = key_of(properties["frontendIPConfiguration"]["id"]) if floating else ""
        place = (key_of(pool), properties["backendPort"], floating, frontend)
        for protocol, other in taken.get(place, ()):
            if _overlap(protocol, properties["protocol"]):
                state = "enabled" if floating else "disabled"
                raise bad(
                    "RulesUseSameBackendPortProtocolAndPool"
                    + ("AndFrontendIPWithFloatingIPEnabled" if floating else ""),
                    f"Load balancing rules {other} and {rule['id']} with floating IP {state} use the same protocol "
                    f"{protocol} and backend port {properties['backendPort']}, and must not be used with the same "
                    f"backend address pool {pool}.",
                )
        taken.setdefault(place, []).append((properties["protocol"], rule["id"]))
