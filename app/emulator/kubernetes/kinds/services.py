"""Services: defaults, rules and addresses (kubernetes.io/docs/reference/kubernetes-api/service-resources)."""

import ipaddress
import random
from collections.abc import Iterator
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, field_cell
from app.emulator.kubernetes.kinds.service_balancing import (
    addresses_of_families,
    allocate_families,
    allocate_health_port,
    balancing_causes,
    keep_or_drop,
)
from app.emulator.kubernetes.status import Cause, invalid
from app.emulator.kubernetes.store import Store

SERVICE_NETWORK = ipaddress.IPv4Network("10.0.0.0/16")  # AKS's default service CIDR
NODE_PORTS = range(30000, 32768)
_PORTS = range(1, 65536)
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_EXPOSED = {"LoadBalancer", "NodePort"}


def _prepare(document: Object, previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    type_ = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if "port" in port and not port.get("targetPort"):
            port["targetPort"] = port["port"]
    if type_ != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if type_ in _EXPOSED:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if type_ == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    for ingress in at(document, "status.loadBalancer.ingress", ()):
        if "ip" in ingress:
            ingress.setdefault("ipMode", "VIP")
    if previous is None:
        document["status"] = {"loadBalancer": {}}
    else:
        _keep_addresses(spec, previous["spec"])
        keep_or_drop(spec, previous["spec"])


def _keep_addresses(spec: Object, before: Object) -> None:
    # A client that sends back less than it read keeps what the cluster has allocated.
    if spec["type"] == "ExternalName":
        return
    for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if not spec.get(name) and before.get(name):
            spec[name] = before[name]
    if spec["type"] not in _EXPOSED:
        return
    taken = {_port_key(port): port.get("nodePort") for port in before.get("ports", ())}
    for port in spec.get("ports") or ():
        if not port.get("nodePort") and taken.get(_port_key(port)):
            port["nodePort"] = taken[_port_key(port)]


def _port_key(port: Object) -> tuple[int | None, str]:
    return port.get("port"), port.get("protocol", "TCP")


def _validate(document: Object, previous: Object | None) -> list[Cause]:
    return list(_causes(document["spec"], previous["spec"] if previous else None))


def _causes(spec: Object, before: Object | None) -> Iterator[Cause]:
    if spec["type"] not in _TYPES:
        yield _unsupported("spec.type", spec["type"], _TYPES)
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield Cause("FieldValueRequired", "Required value", "spec.ports")
    if spec["type"] == "ExternalName" and not spec.get("externalName"):
        yield Cause("FieldValueRequired", "Required value", "spec.externalName")
    yield from _ports_causes(ports)
    yield from balancing_causes(spec)
    if not before and spec["type"] != "ExternalName" and spec.get("clusterIP") not in {None, "", "None"}:
        yield from _address_causes(spec["clusterIP"])
    if before and before.get("clusterIP") and "ExternalName" not in {spec["type"], before["type"]}:
        wanted = spec.get("clusterIP")
        if wanted != before["clusterIP"]:
            said = f'Invalid value: ["{wanted}"]: may not change once set'
            yield Cause("FieldValueInvalid", said, "spec.clusterIPs[0]")


def _ports_causes(ports: list[Object]) -> Iterator[Cause]:
    names: set[str] = set()
    keys: set[tuple[int | None, str]] = set()
    for index, port in enumerate(ports):
        field = f"spec.ports[{index}]"
        name = port.get("name", "")
        if not name and len(ports) > 1:
            yield Cause("FieldValueRequired", "Required value", f"{field}.name")
        if name and name in names:
            yield Cause("FieldValueDuplicate", f'Duplicate value: "{name}"', f"{field}.name")
        names.add(name)
        if _port_key(port) in keys:
            yield Cause("FieldValueDuplicate", f"Duplicate value: {_port_key(port)[0]}", field)
        keys.add(_port_key(port))
        yield from _port_causes(field, port)


def _address_causes(text: str) -> Iterator[Cause]:
    try:
        known = ipaddress.ip_address(text) in SERVICE_NETWORK
    except ValueError:
        said = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    else:
        if known:
            return
        said = "failed to allocate IP: the provided IP is not in the valid range. The range of valid IPs is "
        said += str(SERVICE_NETWORK)
    yield Cause("FieldValueInvalid", f'Invalid value: "{text}": {said}', "spec.clusterIPs[0]")


def _port_causes(field: str, port: Object) -> Iterator[Cause]:
    for name in ("port", "targetPort"):
        value = port.get(name, 0)
        if isinstance(value, int) and value not in _PORTS:
            said = f"Invalid value: {value}: must be between 1 and 65535, inclusive"
            yield Cause("FieldValueInvalid", said, f"{field}.{name}")
    if port["protocol"] not in _PROTOCOLS:
        yield _unsupported(f"{field}.protocol", port["protocol"], _PROTOCOLS)
    if port.get("nodePort") and port["nodePort"] not in NODE_PORTS:
        said = (
            f"Invalid value: {port['nodePort']}: provided port is not in the valid range. "
            "The range of valid ports is 30000-32767"
        )
        yield Cause("FieldValueInvalid", said, f"{field}.nodePort")


def _unsupported(field: str, value: str, known: tuple[str, ...]) -> Cause:
    listed = ", ".join(f'"{name}"' for name in known)
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {listed}', field)


def _allocate(document: Object, store: Store) -> None:
    spec = document["spec"]
    others = [
        other["spec"]
        for other in store.list_("services")
        if (other["metadata"]["namespace"], other["metadata"]["name"])
        != (document["metadata"]["namespace"], document["metadata"]["name"])
    ]
    if spec["type"] == "ExternalName":
        return
    allocate_families(document, store)
    taken = {other.get("clusterIP") for other in others} - {"None", None}
    if spec.get("clusterIP") in taken:
        said = f'Invalid value: "{spec["clusterIP"]}": failed to allocate IP: provided IP is already allocated'
        cause = Cause("FieldValueInvalid", said, "spec.clusterIPs[0]")
        raise invalid("Service", document["metadata"]["name"], [cause])
    if not spec.get("clusterIP"):
        # The first 256 are for what the platform places itself (10.0.0.1, 10.0.0.10).
        free = (str(SERVICE_NETWORK[random.randrange(256, 65535)]) for _ in iter(int, 1))
        spec["clusterIP"] = next(address for address in free if address not in taken)
    addresses_of_families(spec)
    if spec["type"] in _EXPOSED and spec.get("allocateLoadBalancerNodePorts", True):
        _allocate_node_ports(document, others)


def _allocate_node_ports(document: Object, others: list[Object]) -> None:
    ports = document["spec"].get("ports") or []
    taken = {port.get("nodePort") for other in others for port in other.get("ports", ())}
    taken |= {other.get("healthCheckNodePort") for other in others}
    for index, port in enumerate(ports):
        if port.get("nodePort") in taken and port.get("nodePort"):
            said = f"Invalid value: {port['nodePort']}: provided port is already allocated"
            cause = Cause("FieldValueInvalid", said, f"spec.ports[{index}].nodePort")
            raise invalid("Service", document["metadata"]["name"], [cause])
    taken |= {port.get("nodePort") for port in ports}
    free = [number for number in NODE_PORTS if number not in taken]
    for port in ports:
        if not port.get("nodePort"):
            port["nodePort"] = free.pop(random.randrange(len(free)))
    allocate_health_port(document["spec"], free)


def _external_ip(document: Object, _now: datetime) -> JSON:
    spec = document["spec"]
    if spec["type"] == "ExternalName":
        return str(spec.get("externalName", ""))
    addresses = [
        entry.get("ip") or entry.get("hostname", "")
        for entry in at(document, "status.loadBalancer.ingress", ())
        if spec["type"] == "LoadBalancer"
    ]
    addresses += spec.get("externalIPs") or []
    if addresses:
        return ",".join(addresses)
    return "<pending>" if spec["type"] == "LoadBalancer" else "<none>"


def _ports(document: Object, _now: datetime) -> JSON:
    said = [
        f"{port['port']}:{port['nodePort']}/{port['protocol']}"
        if port.get("nodePort")
        else f"{port['port']}/{port['protocol']}"
        for port in document["spec"].get("ports") or ()
    ]
    return ",".join(said) or "<none>"


def _selector(document: Object, _now: datetime) -> JSON:
    selector = document["spec"].get("selector") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items())) or "<none>"


SERVICES = Kind(
    kind="Service",
    plural="services",
    singular="service",
    namespaced=True,
    short_names=("svc",),
    categories=("all",),
    selectable=("spec.clusterIP", "spec.type"),
    name_rule="label1035",
    has_status=True,
    returns_deleted=True,
    columns=(
        NAME,
        Column("Type", field_cell("spec.type"), description="type determines how the Service is exposed."),
        Column("Cluster-IP", field_cell("spec.clusterIP", "<none>"), description="The address in the cluster."),
        Column("External-IP", _external_ip, description="The addresses from outside the cluster."),
        Column("Port(s)", _ports, description="The ports, with their node ports."),
        AGE,
        Column("Selector", _selector, priority=1, description="Which pods the traffic goes to."),
    ),
    prepare=_prepare,
    validate=_validate,
    allocate=_allocate,
)
