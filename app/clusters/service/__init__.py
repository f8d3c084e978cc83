"""Clusters: rows, and the jobs that bring Azure in line with them. No network."""
