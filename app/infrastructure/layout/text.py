"""How wide a text is, without a font at hand, and what is shown of one that is too long or not meant to be seen."""

import unicodedata

FONT = "Arial, 'Liberation Sans', Arimo, Helvetica, sans-serif"
"""Fonts whose letters are as wide as Arial's. In any other, the reader's browser squeezes a text into its place."""

# Thousandths of the font's size, from the space to the tilde: Liberation Sans, whose widths are those of Arial.
_PLAIN = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 "
    "584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 "
    "333 611 556 778 556 556 500 389 280 389 584"
)
_FIRST = 32
_TABLES = tuple(tuple(int(width) for width in table.split()) for table in (_PLAIN, _BOLD))
_MIDDLE_DOT, _MIDDLE_DOT_WIDTH = "·", 333
_UNKNOWN = 800
_WIDE = 1000
_ELLIPSIS = "…"
# Beyond ASCII letters and signs: categories of what turns, hides or breaks the text around it.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me"})


def clean(text: str) -> str:
    """Return a text on one line without what cannot be seen or turns the text beside it around."""
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(" " if character.isspace() else character for character in composed)
    return " ".join("".join(c for c in seen if unicodedata.category(c) not in _UNSEEN).split())


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a clean text in pixels; of characters outside of the table at most as wide as this."""
    table = _TABLES[bold]
    total = 0
    for character in text:
        index = ord(character) - _FIRST
        if 0 <= index < len(table):
            total += table[index]
        elif character == _MIDDLE_DOT:
            total += _MIDDLE_DOT_WIDTH
        else:
            total += _WIDE if unicodedata.east_asian_width(character) in "WF" or character == _ELLIPSIS else _UNKNOWN
    return total * size / 1000


def shorten(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """Return what of a text fits into the room: both its ends, since Azure's names differ at either."""
    text = clean(text)
    if text_width(text, size, bold=bold) <= room:
        return text
    for kept in range(len(text) - 1, 0, -1):
        head, tail = text[: (kept + 1) // 2].rstrip(), text[len(text) - kept // 2 :].lstrip()
        shown = f"{head}{_ELLIPSIS}{tail}"
        if text_width(shown, size, bold=bold) <= room:
            return shown
    return ""


def wrap(text: str, size: float, room: float, *, lines: int, bold: bool = False) -> list[str]:
    """Return a text in at most so many lines that fit into the room; the last one says that there is more."""
    words = clean(text).split(" ")
    found: list[str] = []
    while words and len(found) < lines:
        line, words = words[0], words[1:]
        while words and text_width(f"{line} {words[0]}", size, bold=bold) <= room:
            line, words = f"{line} {words[0]}", words[1:]
        if words and len(found) == lines - 1:
            line = f"{line} {words[0]} {_ELLIPSIS}"
            while text_width(line, size, bold=bold) > room and " " in line[:-2]:
                line = f"{line[:-2].rpartition(' ')[0]} {_ELLIPSIS}"
        found.append(shorten(line, size, room, bold=bold))
    return found
