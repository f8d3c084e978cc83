"""Where a request must ask Azure or a cluster while it waits."""
