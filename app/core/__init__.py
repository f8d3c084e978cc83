"""What every other package may use: settings, errors, ids, the clock, logging and metrics."""
