"""What a project uses of its subscription beside clusters: resource providers and resource groups."""
