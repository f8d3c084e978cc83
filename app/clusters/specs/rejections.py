"""What is wrong with a request, gathered: all that is broken is told at once."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from app.core.errors import FieldError, InvalidRequestError
from app.subscriptions.specs import reserved_tags

MOST_TAGS = 40


@dataclass
class Rejections:
    """What is wrong with a request."""

    errors: list[FieldError] = field(default_factory=list)

    def add(self, code: str, pointer: str, detail: str) -> None:
        """Note one thing."""
        self.errors.append(FieldError(code, pointer, detail))

    def tags(self, tags: Collection[str], at: str = "/tags") -> None:
        """Note tags that Azure or Slipway keeps for itself, and those that Azure would not take together."""
        self.errors.extend(reserved_tags(tags, at))
        for key, times in Counter(key.lower() for key in tags).items():
            if times > 1:
                self.add("duplicate_tag", at, f"Azure takes {key} once, without regard to case.")
        if len(tags) > MOST_TAGS:
            self.add("too_many_tags", at, f"A cluster has at most {MOST_TAGS} tags beside Slipway's own.")

    def raise_if_any(self) -> None:
        """Raise InvalidRequestError with all that was noted."""
        if self.errors:
            raise self.as_error()

    def as_error(self) -> InvalidRequestError:
        """The error to raise."""
        return InvalidRequestError("The request breaks rules; `errors` names each.", errors=self.errors)
