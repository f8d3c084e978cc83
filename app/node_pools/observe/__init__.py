"""What is begun for node pools by what is seen of them."""

from app.node_pools.observe.evictions import Replacements

__all__ = ["Replacements"]
