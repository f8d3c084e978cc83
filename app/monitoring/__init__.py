"""Container monitoring with Log Analytics: an agent on each node, and what it sends."""
