"""What a Service has for load balancers: families of addresses, health check port, source ranges."""

import ipaddress
import random
from collections.abc import Iterator

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.status import Cause, invalid
from app.emulator.kubernetes.store import Store

SERVICE_NETWORK_V6 = ipaddress.IPv6Network("fd12:3456:789a:1::/108")  # AKS's default for clusters with both families
_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_HAS_NODE_PORTS = {"LoadBalancer", "NodePort"}
_RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def is_local(spec: Object) -> bool:
    """Whether kube-proxy answers a load balancer's health checks for it."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def keep_or_drop(spec: Object, before: Object) -> None:
    """Keep the health check port of before; drop what another type of Service does not have."""
    if is_local(spec):
        if not spec.get("healthCheckNodePort") and before.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = before["healthCheckNodePort"]
    elif spec.get("healthCheckNodePort") == before.get("healthCheckNodePort"):
        spec.pop("healthCheckNodePort", None)
    if spec["type"] == before["type"]:
        return
    if spec["type"] != "LoadBalancer":
        _drop(spec, before, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if spec["type"] not in _HAS_NODE_PORTS:
        _drop(spec, before, "externalTrafficPolicy")
        for port, old in zip(spec.get("ports") or (), before.get("ports") or (), strict=False):
            _drop(port, old, "nodePort")


def _drop(document: Object, before: Object, *names: str) -> None:
    for name in names:
        if document.get(name) == before.get(name):
            document.pop(name, None)


def balancing_causes(spec: Object) -> Iterator[Cause]:
    """Say what is wrong with the fields that only a load balancer reads."""
    policy = spec.get("externalTrafficPolicy")
    if policy not in {None, "", "Cluster", "Local"}:
        said = f'Unsupported value: "{policy}": supported values: "Cluster", "Local"'
        yield Cause("FieldValueNotSupported", said, "spec.externalTrafficPolicy")
    affinity = spec.get("sessionAffinity")
    if affinity not in {"ClientIP", "None"}:
        said = f'Unsupported value: "{affinity}": supported values: "ClientIP", "None"'
        yield Cause("FieldValueNotSupported", said, "spec.sessionAffinity")
    ranges = spec.get("loadBalancerSourceRanges") or []
    if ranges and spec["type"] != "LoadBalancer":
        said = "Forbidden: may only be used when `type` is 'LoadBalancer'"
        yield Cause("FieldValueForbidden", said, "spec.LoadBalancerSourceRanges")
    for index, text in enumerate(ranges):
        if not _is_range(text.strip()):
            said = f'Invalid value: "{text}": {_RANGE}'
            yield Cause("FieldValueInvalid", said, f"spec.LoadBalancerSourceRanges[{index}]")


def _is_range(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def allocate_families(document: Object, store: Store) -> None:
    """Give a Service its families, and an address of IPv6 where it has that one; raise 422 where it cannot have it."""
    spec = document["spec"]
    policy = spec.setdefault("ipFamilyPolicy", "SingleStack")
    asked = spec.get("ipFamilies") or []
    there = list(store.ip_families)
    causes = []
    if policy not in _POLICIES:
        listed = ", ".join(f'"{name}"' for name in _POLICIES)
        said = f'Unsupported value: "{policy}": supported values: {listed}'
        causes.append(Cause("FieldValueNotSupported", said, "spec.ipFamilyPolicy"))
    if policy == "RequireDualStack" and len(there) == 1:
        said = f'Invalid value: "{policy}": this cluster is not configured for dual-stack services'
        causes.append(Cause("FieldValueInvalid", said, "spec.ipFamilyPolicy"))
    causes += [
        Cause(
            "FieldValueInvalid", f'Invalid value: "{family}": not configured on this cluster', f"spec.ipFamilies[{at}]"
        )
        for at, family in enumerate(asked)
        if family not in there
    ]
    if causes:
        raise invalid("Service", document["metadata"]["name"], causes)
    families = [*(asked or there[:1])]
    if policy != "SingleStack":
        families += [family for family in there if family not in families]
    spec["ipFamilies"] = families[: 1 if policy == "SingleStack" else 2]


def addresses_of_families(spec: Object) -> None:
    """Make `clusterIPs` fit the families; `clusterIP` is the first."""
    if spec["clusterIP"] == "None":
        spec["clusterIPs"] = ["None"]
        return
    known = {_family(address): address for address in [*(spec.get("clusterIPs") or ()), spec["clusterIP"]]}
    if "IPv6" in spec["ipFamilies"] and "IPv6" not in known:
        known["IPv6"] = str(SERVICE_NETWORK_V6[random.randrange(256, 2**20)])
    spec["clusterIPs"] = [known[family] for family in spec["ipFamilies"] if family in known]
    spec["clusterIP"] = spec["clusterIPs"][0]


def _family(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"


def allocate_health_port(spec: Object, free: list[int]) -> None:
    """Take a port for kube-proxy's answers to health checks."""
    if is_local(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = free.pop(random.randrange(len(free)))
