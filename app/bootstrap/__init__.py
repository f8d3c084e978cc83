"""The composition root: what a process is made of. Nothing else knows how the parts fit together."""

from app.bootstrap.observers import OBSERVERS
from app.bootstrap.parts import Parts, open_parts
from app.bootstrap.readers import cluster_readers
from app.bootstrap.workflows import KINDS, WORKFLOWS

__all__ = ["KINDS", "OBSERVERS", "WORKFLOWS", "Parts", "cluster_readers", "open_parts"]
