"""The graph as callers get it in JSON."""

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict

from app.api.schemas import ResponseModel
from app.infrastructure.schemas.graph import Edge, Finding, Graph, Node

_ID = "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/mc_demo_blue_westeurope/providers"
_BALANCER = f"{_ID}/microsoft.network/loadbalancers/kubernetes"


class Format(StrEnum):
    """The forms of the graph."""

    JSON = "json"
    MERMAID = "mermaid"
    SVG = "svg"


class NodeRead(ResponseModel):
    """One thing: a resource of Azure's, a part of one, or a Service of the cluster."""

    id: str
    """Its ARM id in lower case; of a Service the exposure's id."""
    kind: str
    """resource_group, virtual_network, subnet, network_security_group, route_table, scale_set, availability_set,
    machine, network_interface, disk, load_balancer, frontend, public_ip, public_ip_prefix, identity,
    private_dns_zone, service or other; new kinds may come."""
    name: str
    azure_id: str | None
    """Its ARM id as Azure spells it."""
    resource_group: str | None
    state: str | None
    """Azure's own word, in lower case; of a machine its power state, of a Service the exposure's state."""
    details: dict[str, Any]
    """What there is to say of its kind: a security group's rules, a frontend's ports and probes, a pool's counts."""


class EdgeRead(ResponseModel):
    """How one node stands to another."""

    source: str
    target: str
    relation: str
    """contains, attached, routes_to or serves; new ones may come."""
    label: str | None
    """More, where there is more to say: the backend pool's name, `outbound`, a route's prefix."""


class FindingRead(ResponseModel):
    """What is missing, or what is strange."""

    code: str
    """Stable. New ones may come."""
    severity: str
    """`error`: traffic or nodes fail. `warning`: something will, or it costs. `note`: good to know."""
    title: str
    detail: str
    """What follows from it."""
    remedy: str
    """What to do about it."""
    nodes: list[str]
    """The ids of the nodes that it is about."""
    since: datetime | None


class InfrastructureRead(ResponseModel):
    """What Azure built for a cluster, and what the cluster serves by it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cluster_id": "cls_01k7x3v5q8a9b0c1d2e3f4g5h6",
                    "cluster_name": "blue",
                    "subscription_id": "00000000-0000-0000-0000-000000000001",
                    "location": "westeurope",
                    "state": "ready",
                    "kubernetes_version": "1.33.5",
                    "node_resource_group": "MC_demo_blue_westeurope",
                    "observed_at": "2026-11-26T18:00:00Z",
                    "services_observed_at": "2026-11-26T18:00:12Z",
                    "nodes": [
                        {
                            "id": _BALANCER,
                            "kind": "load_balancer",
                            "name": "kubernetes",
                            "azure_id": None,
                            "resource_group": "MC_demo_blue_westeurope",
                            "state": "succeeded",
                            "details": {
                                "sku": "Standard",
                                "internal": False,
                                "rules": 1,
                                "backend_pools": ["aksOutboundBackendPool", "kubernetes"],
                            },
                        }
                    ],
                    "edges": [
                        {
                            "source": _BALANCER,
                            "target": f"{_ID}/microsoft.compute/virtualmachinescalesets/aks-nodepool1-12345678-vmss",
                            "relation": "routes_to",
                            "label": "kubernetes",
                        }
                    ],
                    "missing": [],
                    "strange": [
                        {
                            "code": "public_ip_unused",
                            "severity": "warning",
                            "title": "Nothing uses the address 20.61.0.17 since 2026-11-20",
                            "detail": "It costs, counts against the quota, and goes with the cluster.",
                            "remedy": "If no DNS name points to it any more: az network public-ip delete --ids ...",
                            "nodes": [f"{_ID}/microsoft.network/publicipaddresses/kubernetes-a0f6c1e7d94b"],
                            "since": "2026-11-20T08:00:00Z",
                        }
                    ],
                }
            ]
        }
    )

    cluster_id: str
    cluster_name: str
    subscription_id: str
    location: str
    state: str
    kubernetes_version: str | None
    node_resource_group: str | None
    observed_at: datetime | None
    """When the oldest of what is shown was seen in Azure; null: nothing was seen yet."""
    services_observed_at: datetime | None
    """When the cluster's Services were last seen; null: the cluster is not watched, so nothing is said to have none."""
    nodes: list[NodeRead]
    edges: list[EdgeRead]
    missing: list[FindingRead]
    """What AKS needs and is not there, or is in its way. Empty while the cluster is being changed or is stopped."""
    strange: list[FindingRead]
    """What is there and does not belong."""


def infrastructure_read(graph: Graph) -> InfrastructureRead:
    """The graph as callers get it."""
    return InfrastructureRead(
        cluster_id=graph.cluster_id,
        cluster_name=graph.cluster_name,
        subscription_id=graph.subscription_id,
        location=graph.location,
        state=graph.state,
        kubernetes_version=graph.kubernetes_version,
        node_resource_group=graph.node_resource_group,
        observed_at=graph.observed_at,
        services_observed_at=graph.services_observed_at,
        nodes=[_node(node) for node in graph.nodes],
        edges=[_edge(edge) for edge in graph.edges],
        missing=[_finding(finding) for finding in graph.missing],
        strange=[_finding(finding) for finding in graph.strange],
    )


def _node(node: Node) -> NodeRead:
    return NodeRead(
        id=node.id,
        kind=node.kind,
        name=node.name,
        azure_id=node.azure_id,
        resource_group=node.resource_group,
        state=node.state,
        details=asdict(node.details),
    )


def _edge(edge: Edge) -> EdgeRead:
    return EdgeRead(source=edge.source, target=edge.target, relation=edge.relation, label=edge.label)


def _finding(finding: Finding) -> FindingRead:
    return FindingRead(
        code=finding.code,
        severity=finding.severity,
        title=finding.title,
        detail=finding.detail,
        remedy=finding.remedy,
        nodes=list(finding.nodes),
        since=finding.since,
    )
