"""Query and path parameters: a name that is not known is an error, not silence."""

import difflib
from collections import Counter

from fastapi import Request

from app.core.errors import FieldError, InvalidRequestError, NotFoundError
from app.core.text import has_refused_characters

QUERY_NAMES = "slipway.query_names"


def nearest(name: str, known: list[str]) -> str | None:
    """Return the known name that a wrong one probably meant."""
    found = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return found[0] if found else None


def refuse_bad_parameters(request: Request) -> None:
    """Raise InvalidRequestError for unknown, repeated or unprintable query parameters, all at once.

    Raises NotFoundError for a path with control characters: no id or name of ours has any.
    """
    if any(has_refused_characters(str(value)) for value in request.path_params.values()):
        raise NotFoundError("There is no such thing.")
    known: dict[str, bool] = request.scope.get(QUERY_NAMES, {})
    errors: list[FieldError] = []
    counts = Counter(name for name, _ in request.query_params.multi_items())
    for name, count in counts.items():
        if name not in known:
            close = nearest(name, list(known))
            hint = f"Did you mean `{close}`?" if close else f"Known: {', '.join(sorted(known)) or 'none'}."
            shown = name[:64] if name.isprintable() else "?"
            errors.append(FieldError("unknown_parameter", f"query:{shown}", hint))
        elif count > 1 and not known[name]:
            errors.append(FieldError("repeated_parameter", f"query:{name}", "Give it once."))
        elif any(has_refused_characters(value) for value in request.query_params.getlist(name)):
            errors.append(FieldError("invalid_text", f"query:{name}", "Control characters are not allowed."))
    if errors:
        raise InvalidRequestError("Query parameters are not valid.", errors=errors)
