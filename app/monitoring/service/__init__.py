"""Rules and rows of workspaces and of clusters' monitoring."""
