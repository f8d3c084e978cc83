"""Exposures, load balancers and public addresses: which address belongs to which Service, and why."""
