"""Monitoring on the wire."""
