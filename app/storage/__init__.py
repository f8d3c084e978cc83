"""Azure Files shares, and the volumes that bind them into namespaces of clusters."""
