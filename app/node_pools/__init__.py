"""Node pools of clusters, and the nodes in them."""
