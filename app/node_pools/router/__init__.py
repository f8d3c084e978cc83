"""HTTP: node pools, what is done with them, and their nodes."""
