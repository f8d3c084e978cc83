"""The Kubernetes API of each cluster of the local Azure: one engine over a table of kinds."""
