"""A Service as the cloud controller reads it, and the names that follow from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.emulator.kubernetes.documents import Object, at
from app.emulator.providers.containerservice.cloud_controller import annotations as known

CLUSTER = "kubernetes"
"""What AKS names every cluster to its cloud controller, and thereby the load balancers."""
FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
IPV4, IPV6 = "IPv4", "IPv6"
_LONGEST_BALANCER_NAME = 32
_LONGEST_RULE_NAME = 80 - len("-IPv6")


@dataclass(frozen=True)
class Port:
    """One port of a Service; `protocol` is TCP, UDP or SCTP."""

    name: str
    number: int
    node_port: int
    protocol: str
    app_protocol: str | None


@dataclass(frozen=True)
class LoadBalancerService:
    """What the cloud controller has to know of a Service."""

    namespace: str
    name: str
    uid: str
    annotations: Mapping[str, str]
    ports: tuple[Port, ...]
    families: tuple[str, ...]
    """IPv4 and IPv6, in the Service's own order."""
    asked_address: str
    """`spec.loadBalancerIP`; empty without one."""
    source_ranges: tuple[str, ...]
    local: bool
    """Whether `externalTrafficPolicy` is Local."""
    health_check_port: int
    by_client: bool
    """Whether `sessionAffinity` is ClientIP."""
    ingress: tuple[str, ...]
    """The addresses that its status shows."""

    @property
    def key(self) -> str:
        """`namespace/name`, as the tags of addresses have it."""
        return f"{self.namespace}/{self.name}"

    @property
    def base(self) -> str:
        """The prefix of all that is the Service's own in Azure: `a` and its uid without dashes, 32 characters."""
        return ("a" + self.uid.replace("-", ""))[:_LONGEST_BALANCER_NAME]

    @property
    def internal(self) -> bool:
        """Whether it asks for an address in the virtual network."""
        return known.is_true(self.annotations, known.INTERNAL)

    @property
    def balancer(self) -> str:
        """The name of the load balancer that it belongs on."""
        return balancer_name(internal=self.internal)

    @property
    def subnet(self) -> str | None:
        """The subnet that it names; only an internal one does."""
        named = self.annotations.get(known.INTERNAL_SUBNET, "")
        return named if self.internal and named.strip() else None

    @property
    def dual(self) -> bool:
        """Whether it has both families."""
        return len(self.families) > 1

    def address_group(self, node_group: str) -> str:
        """The resource group of its public address."""
        return self.annotations.get(known.RESOURCE_GROUP, "").strip() or node_group

    def address(self, family: str) -> str:
        """The address that it asks for; empty where it leaves that to Azure."""
        named = self.annotations.get(known.ADDRESS[family], "")
        if named:
            return named
        return self.asked_address if (":" in self.asked_address) == (family == IPV6) else ""

    def address_name(self, family: str) -> str:
        """The public IP resource that it asks for by name; empty without one."""
        return self._of_family(known.ADDRESS_NAME, family)

    def address_prefix(self, family: str) -> str:
        """The id of the public IP prefix that it wants an address of; empty without one."""
        return self._of_family(known.ADDRESS_PREFIX, family)

    def _of_family(self, keys: Mapping[str, str], family: str) -> str:
        if self.dual:
            return self.annotations.get(keys[family], "")
        # A Service of one family may use the annotation without a family.
        own = self.annotations.get(keys[family], "") if family == IPV6 else ""
        return own or self.annotations.get(keys[IPV4], "")

    def suffixed(self, name: str, family: str) -> str:
        """`name`, or that of the second family beside it."""
        return f"{name}-{IPV6}" if self.dual and family == IPV6 else name

    def frontend_name(self, family: str) -> str:
        """The frontend that it makes for itself."""
        name = f"{self.base}-{self.subnet}" if self.subnet else self.base
        return self.suffixed(name[:_LONGEST_RULE_NAME], family)

    def rule_name(self, protocol: str, port: int, family: str) -> str:
        """A load balancing rule, and its probe: `a1b2-TCP-80`."""
        tail = f"-{protocol}-{port}"
        if not self.subnet:
            return self.suffixed(f"{self.base}{tail}", family)
        room = _LONGEST_RULE_NAME - len(self.base) - len(tail) - 1
        return self.suffixed(f"{self.base}-{self.subnet[:room]}{tail}", family)

    def managed_address_name(self, family: str) -> str:
        """The public IP that the controller makes: `kubernetes-a1b2`."""
        name = f"{CLUSTER}-{self.base}"
        prefix = self.address_prefix(family)
        if prefix:
            name = f"{name}-{prefix.rstrip('/').rsplit('/', 1)[-1]}"
        return self.suffixed(name[:_LONGEST_RULE_NAME], family)

    def owns(self, name: str) -> bool:
        """Whether a frontend, rule or probe of that name is the Service's own."""
        return name.lower().startswith(self.base)


def balancer_name(*, internal: bool) -> str:
    """One load balancer for public addresses, one for internal ones."""
    return f"{CLUSTER}-internal" if internal else CLUSTER


def backend_pool_name(family: str) -> str:
    """The pool of all nodes."""
    return f"{CLUSTER}-{IPV6}" if family == IPV6 else CLUSTER


def wants_balancer(document: Object) -> bool:
    """Whether a Service is for this controller to provide, and not on its way out."""
    spec = document["spec"]
    wanted = spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")
    return bool(wanted) and not document["metadata"].get("deletionTimestamp")


def has_finalizer(document: Object) -> bool:
    """Whether Azure may hold something for a Service."""
    return FINALIZER in (document["metadata"].get("finalizers") or ())


def read_service(document: Object) -> LoadBalancerService:
    """Read a Service as the API stores it."""
    metadata, spec = document["metadata"], document["spec"]
    ports = tuple(
        Port(
            name=port.get("name", ""),
            number=port["port"],
            node_port=port.get("nodePort", 0),
            protocol=port.get("protocol", "TCP"),
            app_protocol=port.get("appProtocol"),
        )
        for port in spec.get("ports") or ()
    )
    return LoadBalancerService(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        annotations=metadata.get("annotations") or {},
        ports=ports,
        families=tuple(spec.get("ipFamilies") or (IPV4,)),
        asked_address=spec.get("loadBalancerIP", ""),
        source_ranges=tuple(spec.get("loadBalancerSourceRanges") or ()),
        local=spec.get("externalTrafficPolicy") == "Local",
        health_check_port=spec.get("healthCheckNodePort", 0),
        by_client=spec.get("sessionAffinity") == "ClientIP",
        ingress=tuple(entry["ip"] for entry in at(document, "status.loadBalancer.ingress", ()) if entry.get("ip")),
    )
