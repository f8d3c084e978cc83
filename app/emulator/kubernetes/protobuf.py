"""Request bodies in Kubernetes' protobuf envelope: four magic bytes, then `runtime.Unknown` around the message.

kubectl sends them from 1.32 for what it creates itself (namespaces, secrets, reviews) and has no fallback.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from app.emulator.kubernetes.documents import Object, timestamp
from app.emulator.kubernetes.fields import SCHEMA, message_name
from app.emulator.kubernetes.schema import Field

_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_VARINT_BITS = 64
_DEPTH = 32


class ProtobufError(ValueError):
    """Bytes that are no such message; the text says why."""


def decode(body: bytes) -> Object:
    """Return the document of an envelope, with its `apiVersion` and `kind`.

    Raises ProtobufError for other bytes and KeyError for a kind that is not read as protobuf here.
    """
    if not body.startswith(_MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix")
    envelope = dict(_pairs(body[len(_MAGIC) :]))
    type_meta, raw = envelope.get(1, b""), envelope.get(2, b"")
    if not isinstance(type_meta, bytes) or not isinstance(raw, bytes):
        raise ProtobufError("the envelope's fields are of a wrong type")
    named = dict(_pairs(type_meta))
    api_version, kind = (_text(named.get(number, b"")) for number in (1, 2))
    message = message_name(api_version, kind)
    if SCHEMA.message(message) is None:
        raise KeyError(kind)
    return {"apiVersion": api_version, "kind": kind, **_message(message, raw, _DEPTH)}


def _message(name: str, data: bytes, depth: int) -> Object:
    message = SCHEMA.message(name)
    if message is None or depth == 0:
        raise ProtobufError("the message is nested too deeply")
    document: Object = {}
    for number, value in _pairs(data):
        known = message.own.get(number)
        if known is None:
            continue
        if known.shape == "inline":
            document.update(_message(known.type, _expect_bytes(value), depth - 1))
        elif known.shape == "map":
            key, item = _entry(known, value, depth)
            document.setdefault(known.name, {})[key] = item
        elif known.shape == "list":
            document.setdefault(known.name, []).append(_value(known, value, depth))
        else:
            document[known.name] = _value(known, value, depth)
    return _without_zeros(name, document)


# Fields that Go writes even when they are empty, since they are no pointers; JSON leaves them out.
_PLAIN_MESSAGES = frozenset(
    {
        "behavior",
        "daemonEndpoints",
        "kubeletEndpoint",
        "lastState",
        "loadBalancer",
        "metadata",
        "nodeInfo",
        "resources",
        "spec",
        "state",
        "status",
        "strategy",
        "template",
        "updateStrategy",
    }
)
_PLAIN_BOOLS = frozenset(
    {
        "denied",
        "globalDefault",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "incomplete",
        "paused",
        "publishNotReadyAddresses",
        "readOnly",
        "stdin",
        "stdinOnce",
        "tty",
        "unschedulable",
    }
)
# Numbers for which 0 is something to say.
_NUMBERS = frozenset(
    {
        "backoffLimit",
        "completions",
        "failedJobsHistoryLimit",
        "gracePeriodSeconds",
        "minReplicas",
        "parallelism",
        "partition",
        "replicas",
        "revisionHistoryLimit",
        "successfulJobsHistoryLimit",
        "terminationGracePeriodSeconds",
        "ttlSecondsAfterFinished",
        "value",
    }
)


def _without_zeros(name: str, document: Object) -> Object:
    if name == "ServicePort" and document.get("targetPort") == 0:
        del document["targetPort"]
    return {key: value for key, value in document.items() if not _is_unsaid(key, value)}


def _is_unsaid(key: str, value: Any) -> bool:  # of any type
    if isinstance(value, bool):
        return not value and key in _PLAIN_BOOLS
    if isinstance(value, int):
        return value == 0 and key not in _NUMBERS
    return value == "" or (value == {} and key in _PLAIN_MESSAGES)


def _entry(known: Field, value: int | bytes, depth: int) -> tuple[str, Any]:
    pair = dict(_pairs(_expect_bytes(value)))
    return _text(pair.get(1, b"")), _value(known, pair.get(2, b""), depth)


def _value(known: Field, value: int | bytes, depth: int) -> Any:  # one field of any type
    read = _READERS.get(known.type)
    return read(value) if read else _message(known.type, _expect_bytes(value), depth - 1)


def _time(value: int | bytes) -> str:
    seconds = _signed(dict(_pairs(_expect_bytes(value))).get(1, 0))
    try:
        return timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds else ""
    except (OverflowError, ValueError, OSError) as error:
        raise ProtobufError("a time is out of range") from error


def _int_or_string(value: int | bytes) -> int | str:
    parts = dict(_pairs(_expect_bytes(value)))
    return _text(parts.get(3, b"")) if parts.get(1) else _signed(parts.get(2, 0))


def _base64(value: int | bytes) -> str:
    return base64.b64encode(_expect_bytes(value)).decode()


def _expect_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ProtobufError("a field has a wrong wire type")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _expect_bytes(value).decode()
    except UnicodeDecodeError as error:
        raise ProtobufError("a string is not UTF-8") from error


def _signed(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise ProtobufError("a field has a wrong wire type")
    return value - (1 << _VARINT_BITS) if value >> (_VARINT_BITS - 1) else value


_READERS: Mapping[str, Callable[[int | bytes], Any]] = {
    "string": _text,
    "bytes": _base64,
    "int32": _signed,
    "int64": _signed,
    "bool": bool,
    "time": _time,
    "microtime": _time,
    "quantity": lambda value: _text(dict(_pairs(_expect_bytes(value))).get(1, b"")),
    "intstr": _int_or_string,
    "any": lambda _: {},
}


def _pairs(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == _BYTES:
            length, position = _varint(data, position)
        elif wire in {_FIXED64, _FIXED32}:
            length = 8 if wire == _FIXED64 else 4
        else:
            raise ProtobufError(f"unknown wire type {wire}")
        if position + length > len(data):
            raise ProtobufError("unexpected end of the message")
        yield number, data[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _VARINT_BITS + 6, 7):
        if position >= len(data):
            raise ProtobufError("unexpected end of the message")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 (the continuation bit)
            return value & ((1 << _VARINT_BITS) - 1), position
    raise ProtobufError("an integer is too long")
