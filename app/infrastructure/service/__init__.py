"""The rows of a cluster, as its graph is made of them."""
