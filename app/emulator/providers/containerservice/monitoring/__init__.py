"""Container Insights: the add-on of a cluster's body, its agents on the nodes, and what they send."""
