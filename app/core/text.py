"""Text that people send: normalised, and free of what breaks a log line, a database or a terminal."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

# Unicode categories: control, format (bidirectional overrides too), surrogate, line and paragraph separator.
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LINES = frozenset("\n\r\t")


def has_refused_characters(text: str, *, lines: bool = False) -> bool:
    """Tell whether the text holds a control, format or surrogate character; `lines` allows line breaks and tabs."""
    if text.isascii() and text.isprintable():
        return False
    return any(unicodedata.category(c) in _REFUSED and not (lines and c in _LINES) for c in text)


def _plain(text: str, *, lines: bool = False) -> str:
    if has_refused_characters(text, lines=lines):
        raise PydanticCustomError("control_character", "Control and invisible formatting characters are not allowed")
    normal = unicodedata.normalize("NFC", text)
    if len(normal) > len(text):
        # The length was checked before: text that grows here would overflow its column.
        raise PydanticCustomError("not_normalized", "The text is not in Unicode's normal form NFC")
    return normal


def _plain_lines(text: str) -> str:
    return _plain(text, lines=True)


def _plain_secret(secret: SecretStr) -> SecretStr:
    _plain(secret.get_secret_value())
    return secret


# To be put after the constraints, so that they stay in the JSON schema:
# `Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=...), PLAIN]`
PLAIN = AfterValidator(_plain)
PLAIN_LINES = AfterValidator(_plain_lines)
PLAIN_SECRET = AfterValidator(_plain_secret)

Text = Annotated[str, StringConstraints(min_length=1, max_length=500), PLAIN]
"""One line for a person: a reason, a description."""

Lines = Annotated[str, StringConstraints(min_length=1, max_length=16_384), PLAIN_LINES]
"""Several lines: a public key, a certificate."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=128), PLAIN]
"""What a person calls a key."""


def counted(number: int, word: str, words: str | None = None) -> str:
    """`1 machine`, `2 machines`."""
    return f"{number} {word}" if number == 1 else f"{number} {words or f'{word}s'}"
