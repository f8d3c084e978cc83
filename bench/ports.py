"""Free ports, and waiting for who shall listen there."""

import asyncio
import http.client
import socket
import time

_SECONDS = 60.0


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def until_answers(port: int, path: str, *, every: float = 0.02) -> None:
    """Wait for a 200."""
    until = time.monotonic() + _SECONDS
    while not await asyncio.to_thread(_answers, port, path):
        if time.monotonic() > until:
            raise TimeoutError(f"no answer within {_SECONDS:.0f} s")
        await asyncio.sleep(every)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
