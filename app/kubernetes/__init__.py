"""Clusters' own API servers: the only importer of lightkube. Frozen dataclasses out, our errors out."""
