"""A graph as a Mermaid flowchart, for chat: short ids, pools folded, labels escaped (https://mermaid.js.org)."""

from collections import Counter
from collections.abc import Iterator

from app.core.text import counted
from app.infrastructure.layout import words
from app.infrastructure.layout.plan import Balancer, Entry, Group, Pool, Subnet, is_outside, make_plan, purpose_of
from app.infrastructure.layout.text import clean
from app.infrastructure.schemas.details import AddressDetails, FrontendDetails, PoolDetails, ServiceDetails
from app.infrastructure.schemas.graph import Graph, Kind, Node, Relation, Severity

_LONGEST = 60
_MOST_ASIDE = 12
# What Mermaid reads as markup, directive, icon or formula in a label; it shows the character for its entity.
_ENTITIES = {ord(sign): f"#{ord(sign)};" for sign in '"#;<>&`\\{}%$:'}


def render_mermaid(graph: Graph) -> str:
    """Return the flowchart. The same graph gives the same text."""
    return "\n".join(_Writer(graph).lines()) + "\n"


def escaped(text: str) -> str:
    """Return a label's text in which nothing is markup any more."""
    shown = clean(text)
    if len(shown) > _LONGEST:
        half = _LONGEST // 2
        shown = f"{shown[:half]}…{shown[1 - half :]}"
    return shown.translate(_ENTITIES)


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.plan = make_plan(graph)
        # Of what is drawn, by its id in the graph.
        self.ids: dict[str, str] = {}
        self.nodes = 0
        self.groups = 0

    def lines(self) -> Iterator[str]:
        graph, plan = self.graph, self.plan
        yield "flowchart LR"
        group = graph.node_resource_group or "not known yet"
        yield from self.subgraph(f"Node resource group {group}", self.node_group())
        away: dict[str, list[Node]] = {}
        entries = [entry for balancer in plan.balancers for entry in _entries(balancer)]
        for address in [*(entry.address for entry in entries), *plan.spare]:
            if address is not None and is_outside(graph, address):
                away.setdefault(address.resource_group or "", []).append(address)
        for name, addresses in sorted(away.items()):
            yield from self.subgraph(f"Resource group {name}", (self.address(node) for node in addresses))
        for other in plan.outside:
            yield from self.subgraph(f"Resource group {other.name}", self.below(other))
        services = graph.of(Kind.SERVICE)
        if services:
            yield from self.subgraph(f"Services in {graph.cluster_name}", (self.service(node) for node in services))
        yield from self.edges()
        yield from self.marks()

    def subgraph(self, title: str, content: Iterator[str]) -> Iterator[str]:
        inside = list(content)
        self.groups += 1
        yield f'  subgraph g{self.groups}["{escaped(title)}"]'
        # Mermaid takes a subgraph without a node for a node.
        yield from (f"  {line}" for line in inside or [f'  g{self.groups}e["nothing seen"]'])
        yield "  end"

    def node(self, node: Node, *lines: str | None, shape: tuple[str, str] = ("[", "]")) -> str:
        if node.id not in self.ids:
            self.nodes += 1
            self.ids[node.id] = f"n{self.nodes}"
        known = self.ids[node.id]
        label = "<br/>".join(escaped(line) for line in lines if line)
        return f'  {known}{shape[0]}"{label}"{shape[1]}'

    def node_group(self) -> Iterator[str]:
        graph, plan = self.graph, self.plan
        spare = [node for node in plan.spare if not is_outside(graph, node)]
        for balancer in plan.balancers:
            for entry in _entries(balancer):
                if entry.address is not None and not is_outside(graph, entry.address):
                    yield self.address(entry.address)
            yield from self.subgraph(f"Load balancer {balancer.node.name}", self.frontends(balancer))
            self.ids[balancer.node.id] = f"g{self.groups}"
        yield from (self.address(node) for node in spare)
        yield from self.below(plan.node_group)

    def frontends(self, balancer: Balancer) -> Iterator[str]:
        for entry in _entries(balancer):
            details = (
                entry.frontend.details if isinstance(entry.frontend.details, FrontendDetails) else FrontendDetails()
            )
            ports = words.ports_of(details) or ("outbound" if details.outbound else "no rules")
            yield self.node(entry.frontend, ports, details.address if details.internal else None)
        if balancer.more:
            yield f'  g{self.groups}m["and {balancer.more} more"]'

    def address(self, node: Node) -> str:
        address = node.details.address if isinstance(node.details, AddressDetails) else None
        return self.node(node, address or "no address yet", purpose_of(node), shape=("([", "])"))

    def service(self, node: Node) -> str:
        details = node.details if isinstance(node.details, ServiceDetails) else None
        namespace = f"{details.namespace}/" if details else ""
        internal = "internal" if details and details.internal else None
        state = node.state if node.state != "ready" else None
        ports = ", ".join(details.ports) if details else None
        return self.node(node, f"{namespace}{node.name}", ports, words.joined([internal, state]), shape=("(", ")"))

    def below(self, group: Group) -> Iterator[str]:
        for network in group.networks:
            title = f"Virtual network {network.node.name}"
            yield from self.subgraph(title, (line for subnet in network.subnets for line in self.subnet(subnet)))
        yield from (self.pool(pool) for pool in group.pools)
        others = [*group.aside, *group.disks]
        for node in others[:_MOST_ASIDE]:
            yield self.node(node, node.name, words.second_line(node))
        if len(others) > _MOST_ASIDE:
            yield f'  o{self.nodes}["and {len(others) - _MOST_ASIDE} more"]'

    def subnet(self, subnet: Subnet) -> Iterator[str]:
        content = [self.node(guard, guard.name, words.second_line(guard)) for guard in subnet.guards]
        content += [self.pool(pool) for pool in subnet.pools]
        yield from self.subgraph(f"Subnet {subnet.node.name}", iter(content))

    def pool(self, pool: Pool) -> str:
        details = pool.node.details if isinstance(pool.node.details, PoolDetails) else PoolDetails()
        count = max(details.machines, len(pool.machines))
        states = Counter((machine.state or "unknown").lower() for machine in pool.machines)
        spread = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        size = f"{count} x {details.vm_size}" if details.vm_size else counted(count, "machine")
        return self.node(pool.node, details.pool or pool.node.name, size, spread, shape=("[[", "]]"))

    def edges(self) -> Iterator[str]:
        """Between what is drawn."""
        graph = self.graph
        for balancer in self.plan.balancers:
            for entry in _entries(balancer):
                frontend = self.ids[entry.frontend.id]
                if entry.address is not None:
                    yield f"  {self.ids[entry.address.id]} --- {frontend}"
                for service in graph.targets(entry.frontend, Relation.SERVES, Kind.SERVICE):
                    yield f"  {frontend} --> {self.ids[service.id]}"
            pools = graph.targets(balancer.node, Relation.ROUTES_TO, Kind.SCALE_SET, Kind.AVAILABILITY_SET)
            yield from (f"  {self.ids[balancer.node.id]} -.-> {self.ids[pool.id]}" for pool in pools)

    def marks(self) -> Iterator[str]:
        """What is missing and strange, in words; the nodes that it is about in red or yellow."""
        findings = [*self.graph.missing, *self.graph.strange]
        for place, finding in enumerate(findings):
            yield f'  f{place + 1}>"{escaped(finding.title)}"]'
        bad = {node for finding in findings if finding.severity == Severity.ERROR for node in finding.nodes}
        odd = {node for finding in findings if finding.severity == Severity.WARNING for node in finding.nodes} - bad
        for name, colour, nodes in (("bad", "#cf222e", bad), ("odd", "#bf8700", odd)):
            known = [self.ids[node] for node in self.ids if node in nodes]
            if known:
                yield f"  classDef {name} stroke:{colour},stroke-width:3px"
                yield f"  class {','.join(known)} {name}"


def _entries(balancer: Balancer) -> list[Entry]:
    return [entry for band in balancer.bands for entry in band.entries]
