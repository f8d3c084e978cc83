"""Who is told of what clusters' readers see."""

from functools import partial

from app.bootstrap.parts import Parts
from app.clusters.observe import ClusterReaders, Sink
from app.engine.lease import Lease
from app.load_balancers.observe.services import observe_services
from app.monitoring.observe.agents import observe_agents
from app.storage.observe.volumes import observe_storage


def sinks_of(parts: Parts) -> tuple[Sink, ...]:
    """All that take what is seen, in this order."""
    return (
        partial(observe_services, parts.database, parts.clock),
        partial(observe_storage, parts.database, parts.clock),
        partial(observe_agents, parts.database, parts.clock),
    )


def cluster_readers(parts: Parts, lease: Lease) -> ClusterReaders:
    """The readers of a worker that lives under this lease."""
    return ClusterReaders(
        parts.database, parts.gateways, parts.clock, parts.settings, lease=lease, sinks=sinks_of(parts)
    )
