"""The form of the error table's rows."""

import re
from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import ErrorClass, Patience


class Action(StrEnum):
    """What Slipway may safely do by itself."""

    RETRY = "retry"
    RETRY_ONCE = "retry_once"
    RETRY_SLOWLY = "retry_slowly"
    OBSERVE = "observe"
    WAIT_TURN = "wait_turn"
    REFRESH = "refresh"
    REGISTER_PROVIDER = "register_provider"
    TREAT_AS_GONE = "treat_as_gone"
    TREAT_AS_DONE = "treat_as_done"
    SUPERSEDED = "superseded"
    FAIL = "fail"


_STATUS = {
    ErrorClass.TRANSIENT: 503,
    ErrorClass.CAPACITY: 503,
    ErrorClass.QUOTA: 409,
    ErrorClass.CONFLICT: 409,
    ErrorClass.CONFIGURATION: 422,
    ErrorClass.PERMISSION: 502,
    ErrorClass.GONE: 404,
    ErrorClass.UNKNOWN: 502,
}

_RETRYABLE = frozenset(
    {Action.RETRY, Action.RETRY_ONCE, Action.RETRY_SLOWLY, Action.OBSERVE, Action.WAIT_TURN, Action.REFRESH}
)
# A step reads before it writes, so another attempt is made from what Azure has now.
_PATIENCE = {Action.REFRESH: Patience(attempts=3)}
_CHANGE_PATIENCE = {
    Action.RETRY_ONCE: Patience(attempts=2),
    # Azure goes on by itself with what it answers by a fault of its own: the same change is sent at most twice more.
    Action.OBSERVE: Patience(attempts=3),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One meaning of Azure's.

    A row fits when one of `azure_codes` is Azure's code (without regard to case; none named: any code) and `message`,
    where given, is found in Azure's message. `provider` limits it to errors of one provider's answers.
    `code` is ours and stable; `meaning` and `remedy` are sentences for the caller. `minutes` bounds a slow retry.
    """

    code: str
    error_class: ErrorClass
    action: Action
    meaning: str
    remedy: str | None = None
    azure_codes: frozenset[str] = frozenset()
    message: re.Pattern[str] | None = None
    provider: str | None = None
    minutes: int | None = None

    @property
    def status(self) -> int:
        """The HTTP status under which the API shows it."""
        return _STATUS.get(self.error_class, 502)

    @property
    def retryable(self) -> bool:
        """Whether the same request may go well later without anybody changing it."""
        return self.action in _RETRYABLE

    @property
    def patience(self) -> Patience | None:
        """How often a job's step may be tried where its class alone does not say it."""
        if self.action is Action.RETRY_SLOWLY:
            return Patience(attempts=self.minutes, slowly=True)
        return _PATIENCE.get(self.action)

    @property
    def change_patience(self) -> Patience | None:
        """How often a change may be sent, in all, that Azure refuses with this, or takes and then ends with it.

        None where the table does not count it: then `patience` has the word on what is refused, and what was taken is
        not sent again.
        """
        return _CHANGE_PATIENCE.get(self.action)

    def fits(self, provider: str | None, code: str, message: str) -> bool:
        """Whether this row is the meaning of a code and its message."""
        if self.provider is not None and (provider or "").lower() != self.provider.lower():
            return False
        if self.azure_codes and code.lower() not in self.azure_codes:
            return False
        if self.message is None:
            return bool(self.azure_codes)
        return self.message.search(message) is not None


def row(
    code: str,
    error_class: ErrorClass,
    action: Action,
    meaning: str,
    remedy: str | None = None,
    *,
    codes: str = "",
    message: str | None = None,
    provider: str | None = None,
    minutes: int | None = None,
) -> Row:
    """A row from the compact form of the table: `codes` are parted by blanks, `message` is a regular expression."""
    return Row(
        code=code,
        error_class=error_class,
        action=action,
        meaning=meaning,
        remedy=remedy,
        azure_codes=frozenset(codes.lower().split()),
        message=None if message is None else re.compile(message, re.IGNORECASE | re.DOTALL),
        provider=provider,
        minutes=minutes,
    )
