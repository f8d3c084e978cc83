"""The graph of what belongs to a cluster, and how it is sent."""
