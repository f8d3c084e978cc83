"""What has changed between two readings of the same world, as one who bound an act to its preview is told."""

import json
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum

from app.core.errors import FieldError
from app.core.json import JsonList, JsonObject

LIFE = timedelta(minutes=30)
"""How long an act may name its preview."""
_MOST_WORDS = 200


class Difference(StrEnum):
    """What became of a place since the preview; the words are those of a JSON Patch (RFC 6902)."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


def differences(before: JsonObject, after: JsonObject) -> list[FieldError]:
    """Every place that differs: its JSON Pointer, `plan_add`, `plan_remove` or `plan_replace`, and both values."""
    return list(_between(before, after, ""))


def _between(before: object, after: object, at: str) -> Iterator[FieldError]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _members(before, after, at)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _members(_by_position(before), _by_position(after), at)
    elif before != after:
        yield _told(Difference.REPLACE, at, f"It was {_words(before)}, and is {_words(after)} now.")


def _members(before: JsonObject, after: JsonObject, at: str) -> Iterator[FieldError]:
    for name in [*before, *(name for name in after if name not in before)]:
        here = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in after:
            yield _told(Difference.REMOVE, here, f"It was {_words(before[name])}, and is gone.")
        elif name not in before:
            yield _told(Difference.ADD, here, f"It was not there, and is {_words(after[name])} now.")
        else:
            yield from _between(before[name], after[name], here)


def _by_position(values: JsonList) -> JsonObject:
    return {str(position): value for position, value in enumerate(values)}


def _told(what: Difference, at: str, detail: str) -> FieldError:
    return FieldError(f"plan_{what}", at, detail)


def _words(value: object) -> str:
    """A value as JSON has it, but a text without its quotes."""
    if value is None or value in ("", [], {}):
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_WORDS else f"{text[:_MOST_WORDS]}…"
