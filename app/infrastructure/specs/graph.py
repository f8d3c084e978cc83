"""The graph of a cluster: nodes, edges between them, and what is missing or strange."""

from collections.abc import Sequence

from app.infrastructure.schemas.graph import Graph
from app.infrastructure.specs.edges import edges_of
from app.infrastructure.specs.inputs import ClusterFacts, Pieces, ServiceFacts
from app.infrastructure.specs.missing import missing_of
from app.infrastructure.specs.nodes import nodes_of
from app.infrastructure.specs.strange import strange_of
from app.infrastructure.specs.traffic import blocked_of
from app.infrastructure.specs.wiring import Wiring


def build_graph(cluster: ClusterFacts, pieces: Pieces, services: Sequence[ServiceFacts]) -> Graph:
    """Put together what was seen. The same pieces, in any order, give the same graph."""
    ordered = sorted(services, key=lambda service: (service.namespace, service.name, service.id))
    wiring = Wiring(cluster, pieces, tuple(ordered))
    nodes = tuple({node.id: node for node in nodes_of(wiring)}.values())
    known = {node.id for node in nodes}
    edges = {edge for edge in edges_of(wiring) if edge.source in known and edge.target in known}
    return Graph(
        cluster_id=cluster.id,
        cluster_name=cluster.name,
        subscription_id=cluster.subscription_id,
        location=cluster.location,
        state=cluster.state,
        kubernetes_version=cluster.kubernetes_version,
        node_resource_group=cluster.node_resource_group,
        observed_at=pieces.observed_at,
        services_observed_at=cluster.services_observed_at,
        nodes=nodes,
        edges=tuple(sorted(edges, key=lambda edge: (edge.relation, edge.source, edge.target, edge.label or ""))),
        missing=(*missing_of(wiring), *(blocked_of(wiring) if cluster.settled else ())),
        strange=tuple(strange_of(wiring)),
    )
