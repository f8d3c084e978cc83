"""Rules and rows: no network."""
