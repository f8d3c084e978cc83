"""What is kept of what is seen of clusters: in Azure, by lists; in the clusters themselves, by their readers."""

from app.clusters.observe.azure import observe_all
from app.clusters.observe.conditions import observe_conditions
from app.clusters.observe.readers import ClusterReaders, Sink
from app.clusters.observe.versions import observe_versions

__all__ = ["ClusterReaders", "Sink", "observe_all", "observe_conditions", "observe_versions"]
