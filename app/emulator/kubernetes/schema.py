"""The fields of the kinds, read from tables: names, protobuf numbers, types, merge keys, list keys.

One table serves six readers: field validation, pruning of unknown fields, strategic merge patch, server-side
apply, protobuf request bodies, OpenAPI.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.emulator.kubernetes.documents import Object, parse_timestamp

# What Go's decoder calls the types, for its error messages; and what JSON may hold for them.
_SCALARS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "string": ("string", (str,)),
    "bytes": ("[]uint8", (str,)),
    "time": ("v1.Time", (str,)),
    "microtime": ("v1.MicroTime", (str,)),
    "quantity": ("resource.Quantity", (str, int, float)),
    "int32": ("int32", (int,)),
    "int64": ("int64", (int,)),
    "bool": ("bool", (bool,)),
}

# What Go's decoder calls a value that it did not expect; bool first, which Python takes for an int.
_WORDS: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (int, "number"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


_QUANTITY = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
_QUANTITY_RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@dataclass(frozen=True)
class Field:
    """One field.

    `type` is a scalar, a message's name, `any` or `intstr`; `shape` is one, list, map or inline (a message whose
    fields JSON has beside the others). `merge_key` is for strategic merge patches, `-` for a list of scalars that is
    merged. `keys` identify a list's items for server-side apply; of `atomic` and other lists it owns the whole, of
    `set` each scalar. `pointer`: one of the alternatives of an inline message, which is there or not, never empty.
    """

    name: str
    number: int
    type: str
    shape: str
    merge_key: str | None = None
    keys: tuple[str, ...] = ()
    owned: str = ""
    pointer: bool = False


@dataclass(frozen=True)
class Message:
    """A message's fields by the names that JSON has; `own` are those that protobuf has, by number."""

    name: str
    atomic: bool = False
    fields: dict[str, Field] = field(default_factory=dict)
    own: dict[int, Field] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a document: an unknown field at `path`, or a value that is not of its type."""

    path: str
    message: str
    unknown: bool


class Schema:
    """Messages by name."""

    def __init__(self, text: str) -> None:
        """Read a table: a line `Name` (`Name atomic`), below it indented `field number type [key [keys]]`.

        A type `[]T` is a list, `{}T` a map from strings, `+T` an inline message. The key is the merge key of a list,
        `-` for a list of scalars that is merged as a set, `.` for none; the keys are the names of the fields by which
        server-side apply tells a list's items apart, `set`, or `atomic`.
        """
        self._messages: dict[str, Message] = {}
        message = Message("")
        for line in text.splitlines():
            words = line.split()
            if not words:
                continue
            if line[0] != " ":
                message = self._messages[words[0]] = Message(words[0], atomic=words[1:] == ["atomic"])
                continue
            known = _field(*words)
            message.own[known.number] = known
        for message in self._messages.values():
            for known in message.own.values():
                if known.shape == "inline":
                    alternatives = self._messages[known.type].own.values()
                    message.fields.update({one.name: self._alternative(one) for one in alternatives})
                else:
                    message.fields[known.name] = known

    def _alternative(self, known: Field) -> Field:
        return replace(known, pointer=known.shape == "one" and known.type in self._messages)

    def message(self, name: str) -> Message | None:
        """Return a message, or None for a scalar or `any`."""
        return self._messages.get(name)

    def problems(self, name: str, document: Object, path: str = "") -> Iterator[Problem]:
        """Yield every unknown field and every value of a wrong type."""
        message = self._messages[name]
        for key, value in document.items():
            here = f"{path}.{key}" if path else key
            known = message.fields.get(key)
            if known is None:
                yield Problem(here, f'unknown field "{here}"', unknown=True)
                continue
            if value is not None:
                yield from self._value(message, known, value, here)

    def pruned(self, name: str, document: Object) -> Object:
        """Return the document without nulls and without the fields that the message does not have."""
        message = self._messages[name]
        kept: Object = {}
        for key, value in document.items():
            known = message.fields.get(key)
            if known is None or value is None:
                continue
            if known.type == "quantity":
                kept[key] = _quantities(value)
            elif known.type not in self._messages:
                kept[key] = value
            elif known.shape == "list":
                kept[key] = [self.pruned(known.type, item) for item in value]
            elif known.shape == "map":
                kept[key] = {inner: self.pruned(known.type, item) for inner, item in value.items()}
            else:
                kept[key] = self.pruned(known.type, value)
        return kept

    def _value(self, message: Message, known: Field, value: Any, path: str) -> Iterator[Problem]:
        if known.shape == "list":
            if not isinstance(value, list):
                yield _mismatch(message, value, path, f"[]{known.type}")
                return
            for index, item in enumerate(value):
                yield from self._single(message, known, item, f"{path}[{index}]")
        elif known.shape == "map":
            if not isinstance(value, dict):
                yield _mismatch(message, value, path, f"map[string]{known.type}")
                return
            for key, item in value.items():
                yield from self._single(message, known, item, f"{path}.{key}")
        else:
            yield from self._single(message, known, value, path)

    def _single(self, message: Message, known: Field, value: Any, path: str) -> Iterator[Problem]:
        if known.type in self._messages:
            if isinstance(value, dict):
                yield from self.problems(known.type, value, path)
            else:
                yield _mismatch(message, value, path, f"v1.{known.type}")
        elif known.type in _SCALARS:
            go, python = _SCALARS[known.type]
            # bool is an int to Python, but not to JSON.
            if not isinstance(value, python) or (isinstance(value, bool) and bool not in python):
                yield _mismatch(message, value, path, go)
            elif known.type == "bytes" and not _is_base64(str(value)):
                yield Problem(path, "illegal base64 data at input byte 0", unknown=False)
            elif known.type == "quantity" and not _QUANTITY.fullmatch(str(value)):
                yield Problem(path, _QUANTITY_RULE, unknown=False)
            elif known.type in {"time", "microtime"} and not _is_time(str(value)):
                yield Problem(path, f'parsing time "{value}": cannot parse as RFC 3339', unknown=False)
        elif known.type == "intstr" and (isinstance(value, bool) or not isinstance(value, int | str)):
            yield _mismatch(message, value, path, "intstr.IntOrString")


def _field(name: str, number: str, type_: str, key: str = ".", keys: str = "") -> Field:
    shape, bare = "one", type_
    for prefix, word in (("[]", "list"), ("{}", "map"), ("+", "inline")):
        if type_.startswith(prefix):
            shape, bare = word, type_.removeprefix(prefix)
    known = Field(name, int(number), bare, shape, None if key == "." else key)
    if keys in {"", "set", "atomic"}:
        return replace(known, owned=keys)
    return replace(known, keys=tuple(keys.split(",")))


def _quantities(value: Any) -> Any:  # a quantity, or a map of quantities
    if isinstance(value, dict):
        return {key: _quantities(item) for key, item in value.items()}
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    try:
        parse_timestamp(text)
    except ValueError:
        return False
    return True


def _mismatch(message: Message, value: Any, path: str, go: str) -> Problem:
    said = next((word for type_, word in _WORDS if isinstance(value, type_)), "null")
    plain = ".".join(step.partition("[")[0] for step in path.split("."))
    text = f"json: cannot unmarshal {said} into Go struct field {message.name.rpartition('.')[2]}.{plain} of type {go}"
    return Problem(path, text, unknown=False)
