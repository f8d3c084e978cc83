"""What Azure built for a cluster, as a graph and as a picture of it."""
