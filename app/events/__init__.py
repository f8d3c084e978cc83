"""Events: facts that are written in the transaction that made them true."""

from app.events.emit import emit

__all__ = ["emit"]
