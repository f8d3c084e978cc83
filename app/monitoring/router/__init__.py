"""HTTP: monitoring of clusters, workspaces, queries of logs."""
