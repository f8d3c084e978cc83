"""Shares, volumes and storage classes on the wire."""
