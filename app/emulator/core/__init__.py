"""What every provider of the local Azure shares: paths, errors, store, operations, throttling, faults."""
