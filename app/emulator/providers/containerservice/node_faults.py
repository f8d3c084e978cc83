"""Faults of single nodes: one that does not join its cluster, one that is not drained."""

from datetime import timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.faults import FaultKind
from app.emulator.core.inner_faults import draw_inner
from app.emulator.core.operations import Operation
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice.errors import flat
from app.emulator.providers.containerservice.instances import NEXT
from app.emulator.providers.containerservice.node_resource_group import node_group_of

JOIN, DRAIN = "Nodes_Join", "Nodes_Drain"
"""What a fault names to hit a node that an operation brings or makes anew, or one that it drains."""


def node_name(cluster: Resource, pool: Resource, number: int) -> str:
    """How the node of a machine is called."""
    return node_group_of(cluster).node_name(pool.name, pool.body["properties"]["osType"], number)


def coming(cluster: Resource, pool: Resource, count: int) -> list[str]:
    """The names that so many more nodes will have."""
    first = pool.internal.get(NEXT, 0)
    return [node_name(cluster, pool, number) for number in range(first, first + count)]


def is_put_off(cloud: Cloud, operation: Operation, what: str, pool: Resource, *nodes: str) -> bool:
    """Whether a fault delays what the operation does with these nodes; any other raises what ends the operation."""
    for node in nodes:
        fault = draw_inner(cloud, what, f"{pool.id}/nodes/{node}")
        if fault is None:
            continue
        if fault.kind is not FaultKind.DELAY:
            raise flat(400, fault.code, fault.message)
        operation.repeat_phase(timedelta(seconds=fault.seconds))
        return True
    return False
