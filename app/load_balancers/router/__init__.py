"""HTTP: exposures, load balancers, public addresses, outbound."""
