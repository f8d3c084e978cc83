"""What stands against a thing that was asked for, as the world is now: all of it told at once, beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.errors import ErrorClass, FieldError, Problem, SlipwayError

_STATUS = {ErrorClass.QUOTA: 409, ErrorClass.CONFLICT: 409, ErrorClass.PERMISSION: 409}


@dataclass(frozen=True, slots=True)
class Objection:
    """One thing that stands against it. `pointer`: where in the request, "" for the whole."""

    code: str
    error_class: ErrorClass
    detail: str
    remedy: str
    pointer: str = ""


class NotPossibleError(SlipwayError):
    """The cluster or Azure would refuse it, as they are now; `errors` names all that stands against it."""

    status = 422
    error_class = ErrorClass.CONFIGURATION

    def __init__(self, found: Sequence[Objection]) -> None:
        """`found`: one at least; the first one says what kind of error it is."""
        first = found[0]
        super().__init__(first.detail)
        self.problem = Problem(
            code=first.code,
            error_class=first.error_class,
            status=_STATUS.get(first.error_class, self.status),
            title=self.title,
            detail=" ".join(each.detail for each in found),
            remedy=first.remedy,
            errors=tuple(FieldError(each.code, each.pointer, each.detail) for each in found),
        )
