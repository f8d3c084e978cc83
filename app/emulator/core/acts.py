"""What `/_local/` lets happen inside Azure without a call: named acts of the providers."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.emulator.core.documents import Document

if TYPE_CHECKING:
    from app.emulator.core.cloud import Cloud

Act = Callable[["Cloud", Document], Awaitable[Document]]


class InvalidActError(Exception):
    """What was asked cannot be done; the text says why."""
