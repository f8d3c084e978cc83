"""Pure: what rows want, what that is in Kubernetes and Azure, and what is said of it."""
