"""ETags (RFC 9110 §8.8.3, §13): a resource's version in quotes."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request, Response

from app.api.errors import InvalidHeaderError, PreconditionFailedError
from app.core.errors import FieldError

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_LIST = re.compile(rf"\s*{_TAG}\s*(?:,\s*{_TAG}\s*)*")
_ONE = re.compile(_TAG)
_READS = frozenset({"GET", "HEAD"})


def etag(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    """Put the resource's version into the answer; a GET that already has it (`If-None-Match`) then gets a 304."""
    response.headers["ETag"] = etag(version)


def _tags(name: str, values: list[str]) -> frozenset[str]:
    value = ", ".join(values).strip()
    if value == "*":
        return frozenset({"*"})
    if not _LIST.fullmatch(value):
        raise InvalidHeaderError(
            f"{name} is neither `*` nor a list of ETags in quotes.",
            errors=[FieldError("invalid_header", f"header:{name}", 'For example: "3"')],
        )
    return frozenset(_ONE.findall(value))


class Precondition:
    """What `If-Match` demands; without the header, nothing."""

    def __init__(self, tags: frozenset[str] | None) -> None:
        self._tags = tags

    def check(self, version: int) -> None:
        """Raise PreconditionFailedError unless the resource still is what the caller saw. Weak ETags never match."""
        if self._tags is None or "*" in self._tags or etag(version) in self._tags:
            return
        raise PreconditionFailedError("The resource is no longer at the version that If-Match names.")


def _precondition(
    request: Request,
    if_match: Annotated[  # noqa: ARG001 - declared for OpenAPI; the header may come several times
        str | None, Header(alias="If-Match", description="Do it only if the ETag is still this one.", examples=['"3"'])
    ] = None,
) -> Precondition:
    values = request.headers.getlist("if-match")
    return Precondition(_tags("If-Match", values) if values else None)


IfMatch = Annotated[Precondition, Depends(_precondition)]
"""For PATCH and DELETE: `if_match.check(row.version)` once the row is read under its lock."""


def answer_not_modified(request: Request, response: Response) -> Response:
    """Return a 304 in place of an answer whose ETag the caller already has."""
    values = request.headers.getlist("if-none-match")
    tag = response.headers.get("etag")
    if not values or tag is None or request.method not in _READS:
        return response
    known = {known.removeprefix("W/") for known in _tags("If-None-Match", values)}
    if "*" not in known and tag not in known:
        return response
    # RFC 9110 §15.4.5: what the 200 would have said of the choice of its form.
    kept = {name: value for name in ("Vary",) if (value := response.headers.get(name))}
    return Response(status_code=304, headers={"ETag": tag, **kept})
