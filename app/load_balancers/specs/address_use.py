"""Pure: who has an address, from the frontend that has it, its load balancer, and the Services that are known."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.core.json import JsonObject
from app.load_balancers.schemas.public_ips import AddressUse

# What the cloud provider of AKS writes on an address that it gives a Service, its own and one of the caller's.
_SERVICE_TAG = "k8s-azure-service"
_LONGEST_FRONTEND = 32
_FRONTENDS = "/frontendipconfigurations/"
UNUSED = AddressUse(kind="none")


@dataclass(frozen=True, slots=True)
class KnownService:
    """A Service as its exposure's row names it."""

    exposure_id: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class KnownBalancer:
    """A load balancer as it was last seen: its cluster, and the frontends (ids in lower case) of outbound rules."""

    cluster_id: str | None
    cluster: str | None
    outbound: Collection[str]
    services: Mapping[str, KnownService]
    """By the beginning of the name of a Service's frontends."""


def frontend_name(service_uid: str) -> str:
    """How the cloud provider begins the names of a Service's frontends.

    cloud-provider's DefaultLoadBalancerName: `a` and the uid without its dashes, cut to 32 characters.
    """
    return f"a{service_uid.replace('-', '')}"[:_LONGEST_FRONTEND]


def balancer_of(frontend_id: str) -> str | None:
    """The key of the load balancer in a frontend's id; None for what is no frontend."""
    at = frontend_id.lower().find(_FRONTENDS)
    return None if at == -1 else frontend_id[:at].lower()


def outbound_frontends(balancer: JsonObject) -> frozenset[str]:
    """The frontends of a load balancer's outbound rules, of `LoadBalancer` as JSON."""
    return frozenset(
        frontend.lower() for rule in balancer.get("outbound_rules", ()) for frontend in rule.get("frontend_ids", ())
    )


def use_of(holder_id: str | None, balancer: KnownBalancer | None, tags: Mapping[str, str]) -> AddressUse:
    """Who has an address. `holder_id`: the frontend, or whatever else in Azure, that has it."""
    if holder_id is None:
        return UNUSED
    if balancer is None:
        return AddressUse(kind="other", azure_id=holder_id)
    here = {"cluster_id": balancer.cluster_id, "cluster": balancer.cluster, "azure_id": holder_id}
    name = holder_id.rpartition("/")[2].lower()
    service = next((each for start, each in balancer.services.items() if name.startswith(start)), None)
    if service is not None:
        return AddressUse(
            kind="service", namespace=service.namespace, name=service.name, exposure_id=service.exposure_id, **here
        )
    if holder_id.lower() in balancer.outbound:
        return AddressUse(kind="outbound", **here)
    # A Service that nobody has observed yet.
    namespace, slash, tagged = tags.get(_SERVICE_TAG, "").partition(",")[0].partition("/")
    if slash:
        return AddressUse(kind="service", namespace=namespace, name=tagged, **here)
    return AddressUse(kind="other", **here)


def in_words(use: AddressUse) -> str:
    """The holder of an address, for a sentence."""
    where = f" of the cluster {use.cluster or use.cluster_id}" if use.cluster_id else ""
    if use.kind == "service":
        return f"the Service {use.namespace}/{use.name}{where}"
    if use.kind == "outbound":
        return f"the outbound traffic{where}"
    return use.azure_id or "something in Azure"
