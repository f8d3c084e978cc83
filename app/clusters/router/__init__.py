"""HTTP: clusters, what is done with them, and their end."""
