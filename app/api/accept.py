"""What a caller accepts (RFC 9110 §12.5.1), where a resource has more than one form."""

from collections.abc import Sequence
from email.message import Message

from app.api.errors import NotAcceptableError


def choose_media_type(accept: Sequence[str], offered: Sequence[str]) -> str:
    """Return the offered media type that the values of `Accept` prefer; the first of equals, and without any value.

    Raises NotAcceptableError when none is accepted.
    """
    ranges = [_range(part) for value in accept for part in value.split(",") if part.strip()]
    if not ranges:
        return offered[0]
    weights = [_weight(media_type, ranges) for media_type in offered]
    best = max(weights)
    if best <= 0:
        raise NotAcceptableError(f"This can be given as {' or '.join(offered)}.")
    return offered[weights.index(best)]


def _range(part: str) -> tuple[str, float]:
    message = Message()
    message["content-type"] = part.strip()
    quality = message.get_param("q", "1")
    try:
        weight = float(str(quality))
    except ValueError:
        weight = 0
    return part.partition(";")[0].strip().lower(), weight if 0 <= weight <= 1 else 0


def _weight(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight of the most specific range that fits."""
    kind = media_type.partition("/")[0]
    for fitting in (media_type, f"{kind}/*", "*/*"):
        found = [weight for name, weight in ranges if name == fitting]
        if found:
            return max(found)
    return 0
