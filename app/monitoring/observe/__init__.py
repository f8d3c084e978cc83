"""What is kept of what is seen of agents, of workspaces and of the data in them."""
