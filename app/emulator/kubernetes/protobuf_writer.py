"""Protobuf messages, written field by field."""


def message(number: int, *parts: bytes) -> bytes:
    """Return a field that holds a message made of fields."""
    return _field(number, b"".join(parts))


def text(number: int, value: str) -> bytes:
    """Return a field that holds a string."""
    return _field(number, value.encode())


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:  # noqa: PLR2004 (seven bits a byte)
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
