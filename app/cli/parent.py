"""How a child notices that its parent is gone, however that ended: its standard input ends."""

import os
import signal
import threading

_INPUT = 0


def end_with_input() -> None:
    """Send this process a SIGTERM, once, when its standard input ends: it then stops as if it had been asked."""
    threading.Thread(target=_wait, name="parent", daemon=True).start()


def _wait() -> None:
    # The parent writes nothing: to read is to wait for the end.
    while os.read(_INPUT, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
