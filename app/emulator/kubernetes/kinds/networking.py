"""Ingresses and network policies (stored: nothing routes or filters here), and the endpoints of services."""

from collections.abc import Iterator
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.cells import selector_cell, shortened
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, field_cell
from app.emulator.kubernetes.status import Cause

_SHOWN = 3  # addresses in a cell
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")


def _prepare_ingress(document: Object, previous: Object | None) -> None:
    document.setdefault("spec", {})
    if previous is None:
        document["status"] = {"loadBalancer": {}}


def _ingress_causes(spec: Object) -> Iterator[Cause]:
    if not spec.get("rules") and not spec.get("defaultBackend"):
        said = "Invalid value: null: either `defaultBackend` or `rules` must be specified"
        yield Cause("FieldValueInvalid", said, "spec")
    for index, rule in enumerate(spec.get("rules") or ()):
        for place, path in enumerate(at(rule, "http.paths", ())):
            field = f"spec.rules[{index}].http.paths[{place}]"
            if not path.get("pathType"):
                yield Cause("FieldValueRequired", "Required value: pathType must be specified", f"{field}.pathType")
            elif path["pathType"] not in _PATH_TYPES:
                listed = ", ".join(f'"{name}"' for name in _PATH_TYPES)
                said = f'Unsupported value: "{path["pathType"]}": supported values: {listed}'
                yield Cause("FieldValueNotSupported", said, f"{field}.pathType")
            if not path.get("backend"):
                yield Cause("FieldValueRequired", "Required value: must specify backend", f"{field}.backend")


def _validate_ingress(document: Object, _previous: Object | None) -> list[Cause]:
    return list(_ingress_causes(document["spec"]))


def _hosts(document: Object, _now: datetime) -> JSON:
    hosts = [rule["host"] for rule in at(document, "spec.rules", ()) if rule.get("host")]
    return shortened(hosts, _SHOWN) if hosts else "*"


def _addresses(document: Object, _now: datetime) -> JSON:
    found = at(document, "status.loadBalancer.ingress", ())
    return ",".join(entry.get("ip") or entry.get("hostname", "") for entry in found)


def _ingress_ports(document: Object, _now: datetime) -> JSON:
    return "80, 443" if at(document, "spec.tls") else "80"


def _prepare_policy(document: Object, _previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    for rule in [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]:
        for port in rule.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _parameters(document: Object, _now: datetime) -> JSON:
    found = at(document, "spec.parameters")
    if not found:
        return "<none>"
    group = f".{found['apiGroup']}" if found.get("apiGroup") else ""
    return f"{found.get('kind', '')}{group}/{found.get('name', '')}"


def _prepare_endpoints(document: Object, _previous: Object | None) -> None:
    for subset in document.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _endpoints(document: Object, _now: datetime) -> JSON:
    found = [
        f"{address.get('ip', '')}:{port.get('port', 0)}"
        for subset in document.get("subsets") or ()
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    return shortened(found, _SHOWN) if found else "<none>"


def _prepare_slice(document: Object, _previous: Object | None) -> None:
    for port in document.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _slice_ports(document: Object, _now: datetime) -> JSON:
    return shortened([str(port.get("port", "*")) for port in document.get("ports") or ()], _SHOWN)


def _slice_endpoints(document: Object, _now: datetime) -> JSON:
    found = [address for endpoint in document.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return shortened(found, _SHOWN)


INGRESSES = Kind(
    kind="Ingress",
    plural="ingresses",
    singular="ingress",
    namespaced=True,
    group="networking.k8s.io",
    short_names=("ing",),
    has_status=True,
    has_generation=True,
    columns=(
        NAME,
        Column("Class", field_cell("spec.ingressClassName", "<none>")),
        Column("Hosts", _hosts),
        Column("Address", _addresses),
        Column("Ports", _ingress_ports),
        AGE,
    ),
    prepare=_prepare_ingress,
    validate=_validate_ingress,
)

INGRESS_CLASSES = Kind(
    kind="IngressClass",
    plural="ingressclasses",
    singular="ingressclass",
    namespaced=False,
    group="networking.k8s.io",
    has_generation=True,
    columns=(
        NAME,
        Column("Controller", field_cell("spec.controller")),
        Column("Parameters", _parameters),
        AGE,
    ),
)

NETWORK_POLICIES = Kind(
    kind="NetworkPolicy",
    plural="networkpolicies",
    singular="networkpolicy",
    namespaced=True,
    group="networking.k8s.io",
    short_names=("netpol",),
    has_generation=True,
    columns=(NAME, Column("Pod-Selector", selector_cell("spec.podSelector")), AGE),
    prepare=_prepare_policy,
)

ENDPOINTS = Kind(
    kind="Endpoints",
    plural="endpoints",
    singular="endpoints",
    namespaced=True,
    short_names=("ep",),
    columns=(NAME, Column("Endpoints", _endpoints), AGE),
    prepare=_prepare_endpoints,
)

ENDPOINT_SLICES = Kind(
    kind="EndpointSlice",
    plural="endpointslices",
    singular="endpointslice",
    namespaced=True,
    group="discovery.k8s.io",
    columns=(
        NAME,
        Column("AddressType", field_cell("addressType")),
        Column("Ports", _slice_ports),
        Column("Endpoints", _slice_endpoints),
        AGE,
    ),
    prepare=_prepare_slice,
)
