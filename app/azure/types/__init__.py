"""What goes into Azure and comes out of it, as plain frozen dataclasses. Nothing here imports an SDK."""
