"""Clusters and their node pools on the wire."""
