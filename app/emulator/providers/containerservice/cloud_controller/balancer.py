"""A load balancer as it is changed: read once, changed in memory, written once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.emulator.core.documents import Document, clone, section
from app.emulator.core.network_documents import LOAD_BALANCER, backend_pool, resource
from app.emulator.core.paths import key_of
from app.emulator.providers.containerservice.cloud_controller.errors import SyncError
from app.emulator.providers.containerservice.cloud_controller.place import Place
from app.emulator.providers.containerservice.cloud_controller.service import LoadBalancerService, backend_pool_name

_FRONTENDS, _POOLS = "frontendIPConfigurations", "backendAddressPools"
_RULES, _PROBES = "loadBalancingRules", "probes"


@dataclass
class Balancer:
    """The working copy of one load balancer."""

    place: Place
    id: str
    body: Document
    exists: bool
    before: Document = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return self.id.rsplit("/", 1)[-1]

    def parts(self, kind: str) -> list[Document]:
        """The list of its parts, to be changed in place."""
        found: list[Document] = self.body["properties"].setdefault(kind, [])
        return found

    @property
    def frontends(self) -> list[Document]:
        """Its frontends."""
        return self.parts(_FRONTENDS)

    @property
    def rules(self) -> list[Document]:
        """Its load balancing rules."""
        return self.parts(_RULES)

    def pool_id(self, family: str) -> str:
        """The pool of all nodes; made where it is missing."""
        name = backend_pool_name(family)
        wanted = backend_pool(self.id, name)
        if all(pool["name"].lower() != name.lower() for pool in self.parts(_POOLS)):
            self.parts(_POOLS).append(wanted)
        return str(wanted["id"])

    def use(self, service: LoadBalancerService, rules: Iterable[Document], probes: Iterable[Document]) -> None:
        """Let the Service's own rules and probes be these."""
        for kind, wanted in ((_RULES, list(rules)), (_PROBES, list(probes))):
            known = {part["name"].lower(): part for part in self.parts(kind)}
            kept = [part for part in self.parts(kind) if not service.owns(part["name"])]
            kept += [_kept(known.get(part["name"].lower()), part) for part in wanted]
            self.body["properties"][kind] = kept

    def refuse_conflicts(self, service: LoadBalancerService, frontend: Document) -> None:
        """Raise `SyncError` where another Service's rule has a port of this one on the same frontend."""
        wanted = {(port.number, _transport(port.protocol)): port for port in service.ports}
        for rule in self.rules_on(frontend):
            properties = rule["properties"]
            port = wanted.get((properties["frontendPort"], properties["protocol"].lower()))
            if port is None or service.owns(rule["name"]):
                continue
            raise SyncError(
                f"checkLoadBalancerResourcesConflicts: service port {port.name} is trying to consume the port "
                f"{port.number} which is being referenced by an existing loadBalancing rule {rule['name']} with the "
                f"same protocol {properties['protocol']} and frontend IP config with ID {frontend['id']}"
            )

    def rules_on(self, frontend: Document) -> list[Document]:
        """The load balancing rules of a frontend."""
        return [rule for rule in self.rules if _refers(rule, frontend)]

    def outbound_rules_on(self, frontend: Document) -> list[Document]:
        """The outbound rules of a frontend."""
        wanted = key_of(frontend["id"])
        return [
            rule
            for rule in self.parts("outboundRules")
            if any(key_of(used["id"]) == wanted for used in rule["properties"].get(_FRONTENDS, ()))
        ]

    async def save(self) -> None:
        """Write what changed. Without a frontend it cannot be, so it goes then."""
        if not self.frontends:
            if self.exists:
                await self.place.arm.delete(self.id)
            self.exists = False
            return
        if self.body == self.before and self.body["properties"].get("provisioningState") == "Succeeded":
            return
        try:
            self.body = await self.place.arm.put(self.id, self.body)
        except Exception as error:
            self.place.recorder.warning("CreateOrUpdateLoadBalancer", str(error))
            raise
        self.exists, self.before = True, clone(self.body)


async def load(place: Place, name: str) -> Balancer:
    """The load balancer, or an empty one that is not there yet."""
    identity = place.balancer_id(name)
    body = await place.arm.get(identity)
    if body is not None:
        return Balancer(place, identity, body, exists=True, before=clone(body))
    fresh = resource(identity, LOAD_BALANCER, place.group.location, {}, sku={"name": "Standard", "tier": "Regional"})
    return Balancer(place, identity, fresh, exists=False)


def _transport(protocol: str) -> str:
    return "all" if protocol == "SCTP" else protocol.lower()


def _refers(rule: Document, frontend: Document) -> bool:
    return key_of(section(rule["properties"], "frontendIPConfiguration").get("id", "")) == key_of(frontend["id"])


def _kept(known: Document | None, wanted: Document) -> Document:
    """What is there, where it says all that is wanted: then nothing has to be written."""
    if known is not None and all(_same(known["properties"].get(k), v) for k, v in wanted["properties"].items()):
        return known
    return wanted


def _same(known: object, wanted: object) -> bool:
    # Azure is free in the case of ids.
    return str(known).lower() == str(wanted).lower()
