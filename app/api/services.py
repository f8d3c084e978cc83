"""What `app/bootstrap.py` gives to the routers, found at `app.state.services`."""

from typing import Protocol

from fastapi import Request

from app.core.clock import Clock
from app.core.settings import Settings
from app.db.engine import Database


class Services(Protocol):
    """The parts that a request needs."""

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def database(self) -> Database:
        """Sessions, for reading and for writing."""
        ...

    async def start(self) -> None:
        """Begin what runs beside the requests: the waker."""
        ...

    async def close(self) -> None:
        """End it, and close connections."""
        ...


def services_of(request: Request) -> Services:
    """Return the parts that this process was composed of."""
    services: Services = request.app.state.services
    return services
