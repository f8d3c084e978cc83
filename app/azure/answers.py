"""What an answer of Azure's says beside its body: whose it is, and when to come back."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from azure.core.rest import AsyncHttpResponse

from app.azure.errors import Source
from app.core.clock import Clock

_PROVIDER = re.compile(r"/providers/([^/]+)/", re.IGNORECASE)
# A vault's own address names no provider.
_VAULT_SECRET = re.compile(r"/secrets/[^/]+/?[^/]*$")


def source_of(answer: AsyncHttpResponse, clock: Clock) -> Source:
    """Where an answer comes from, for the error table."""
    return Source(
        provider=_provider(urlsplit(answer.url).path),
        http_status=answer.status_code,
        correlation_id=answer.headers.get("x-ms-correlation-request-id"),
        retry_after=retry_after(answer, clock),
    )


def _provider(path: str) -> str:
    named = _PROVIDER.search(path)
    if named is not None:
        return named[1]
    return "Microsoft.KeyVault" if _VAULT_SECRET.search(path) else "Microsoft.Resources"


def retry_after(answer: AsyncHttpResponse, clock: Clock) -> float | None:
    """`Retry-After` in seconds, from either of its forms. 0, a past date and nonsense count as absent."""
    given = answer.headers.get("Retry-After", "").strip()
    try:
        seconds = float(given) if given.isdecimal() else (_date(given) - _sent_at(answer, clock)).total_seconds()
    except ValueError:
        return None
    return seconds if 0 < seconds < 86_400 else None  # noqa: PLR2004 - a day: no answer of Azure's means more


def _sent_at(answer: AsyncHttpResponse, clock: Clock) -> datetime:
    """When the answer left, by the clock of whoever sent it: a date in it means nothing by ours, which may differ."""
    try:
        return _date(answer.headers.get("Date", ""))
    except ValueError:
        return clock.now()


def _date(text: str) -> datetime:
    when = parsedate_to_datetime(text)
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)
