"""Load balancers, addresses and exposures on the wire."""
