"""The work of a cluster's controllers: keys to be looked at, in turns that leave the event loop to others."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from app.emulator.kubernetes.store import Change, Store

logger = logging.getLogger(__name__)

Reconcile = Callable[[str, str], None]
Heard = Callable[[Change], None]
# Lets an action happen after so many seconds of a real cluster; the first argument names it: a later one replaces it.
Plan = Callable[[tuple[str, ...], float, Callable[[], None]], None]

_TURN = 0.004  # seconds of the event loop at a time


class Work:
    """A queue without doubles. Every controller says by `on` of which resources it wants to hear."""

    def __init__(self, store: Store) -> None:
        self._listeners: dict[str, list[Heard]] = {}
        self._queue: dict[tuple[Reconcile, str, str], None] = {}
        self._asked = False
        self._stopped = False
        store.observe(self._hear)

    def on(self, resource: str, heard: Heard) -> None:
        """Call `heard` after each write of a resource; it may only `add`."""
        self._listeners.setdefault(resource, []).append(heard)

    def add(self, reconcile: Reconcile, namespace: str, name: str) -> None:
        """Look at an object in a later turn of the event loop, so that watchers see every state."""
        self._queue[reconcile, namespace, name] = None
        if not self._asked and not self._stopped:
            self._asked = True
            asyncio.get_running_loop().call_soon(self._turn)

    def drain(self) -> None:
        """Do all that is to be done now, and what follows from it."""
        while self._queue:
            self._next()

    async def settled(self) -> None:
        """Return when nothing is left to be done at once."""
        while self._asked:  # noqa: ASYNC110 (every turn has its own call; this only lets them come)
            await asyncio.sleep(0)

    def stop(self) -> None:
        """Do nothing any more: the cluster is gone."""
        self._stopped = True
        self._queue.clear()
        self._asked = False

    def _hear(self, change: Change) -> None:
        for heard in self._listeners.get(change.resource, ()):
            heard(change)

    def _turn(self) -> None:
        self._asked = False
        until = monotonic() + _TURN
        while self._queue and monotonic() < until:
            self._next()
        if self._queue and not self._stopped:
            self._asked = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _next(self) -> None:
        reconcile, namespace, name = key = next(iter(self._queue))
        del self._queue[key]
        try:
            reconcile(namespace, name)
        except Exception:
            # A defect at one object must not stop the work on all others.
            logger.exception("a controller broke at %s/%s", namespace, name)
