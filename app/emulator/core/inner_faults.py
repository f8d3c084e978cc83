"""Faults for what happens inside Azure without a call to ARM: an agent that starts, data that is taken in."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.exchange import Call
from app.emulator.core.faults import Fault


def draw_inner(cloud: Cloud, operation: str, path: str) -> Fault | None:
    """The fault, counted, that hits `operation` at `path`; only one that names the caller, either or both hits."""
    call = Call(
        method="POST",
        path=path,
        query={},
        headers={},
        raw_body=b"",
        base_url="",
        received=cloud.now(),
        request_id="",
        operation=operation,
        inside=True,
    )
    return cloud.faults.draw(call)
