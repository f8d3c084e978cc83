"""Good and bad values for each place of a schema of the OpenAPI document: at its edges, and past them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.operations import DOCUMENT

CANARY = "canary-7f3a"
"""Part of each bad text; no answer may hold it."""
_HUGE = "an integer of 5,000 digits"
_TYPES: Mapping[str, Any] = {
    "string": CANARY, "integer": 7, "number": 1.5, "boolean": True, "array": [CANARY], "object": {CANARY: CANARY},
    "null": None,
}  # fmt: skip
_GUID = "11111111-2222-3333-4444-555555555555"
_FORMATS = {
    "password": "Str0ng-enough-for-it",
    "uuid": _GUID,
    "date-time": "2100-01-31T12:00:00Z",
    "date": "2100-01-31",
}
_NETWORK = f"/subscriptions/{'0' * 36}/resourceGroups/blue/providers/Microsoft.Network"
_IDS = (f"{_NETWORK}/publicIPAddresses/blue", f"{_NETWORK}/publicIPPrefixes/blue")
_SUBNET = f"{_NETWORK}/virtualNetworks/blue/subnets/blue"
_WORDS = ("blue", "blue.green", "1.33.5", "1.33", "Standard_D4s_v5", "x", "1", "team=shop:NoSchedule", _SUBNET, *_IDS,
          "10.0.0.10", "10.0.0.0/16", "02:00", "+00:00", _GUID, "system",
          "https://blue.vault.azure.net/keys/blue")  # fmt: skip
_ALONE = {"SecretReference": "setting"}
"""Objects of which one member is given, and which."""
_ODD = (f"{CANARY} ", f" {CANARY}", f"{CANARY}!", f"{CANARY}\u00e9", f"-{CANARY}", f"{CANARY}<", "", "\u0663")
_NO_TEXT = (f"{CANARY}\x00", f"{CANARY}\ud800", f"{CANARY}\x1b[2J", f"{CANARY}\u202e", f"{CANARY}\x85", f"{CANARY}\x7f")


def resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema itself, without its reference and without "or null"."""
    if "$ref" in schema:
        return resolved(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    choices = [each for each in schema.get("anyOf", []) if each.get("type") != "null"]
    if choices:
        return {**{name: value for name, value in schema.items() if name != "anyOf"}, **resolved(choices[0])}
    return dict(schema)


def is_free(known: Mapping[str, Any]) -> bool:
    """Whether any JSON is one of its values: what AKS's own properties hold, AKS judges."""
    return "type" not in known and "enum" not in known


def nullable(schema: Mapping[str, Any]) -> bool:
    """Whether null is one of its values."""
    return any(each.get("type") == "null" for each in schema.get("anyOf", []))


def _matches(schema: Mapping[str, Any], text: str) -> bool:
    fits = schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", 10**9)
    return fits and re.search(schema.get("pattern", ""), text) is not None


def _long(schema: Mapping[str, Any], length: int) -> list[str]:
    texts = ("a" * length, ("Standard_" + "a" * length)[:length], ("aaa." + "a" * length)[:length])
    return [text for text in texts if re.search(schema.get("pattern", ""), text)][:1]


def edges(schema: Mapping[str, Any]) -> list[Any]:
    """Values at the edges of a schema of one value; all of them are valid."""
    known = resolved(schema)
    found: list[Any] = [None] if nullable(schema) else []
    if "enum" in known:
        found.extend(known["enum"])
    elif known["type"] == "string" and "format" in known:
        found.append(_FORMATS[known["format"]])
    elif known["type"] == "string":
        lengths = [known.get("minLength", 0), known.get("maxLength", 1)]
        texts = [text for length in lengths for text in _long(known, length)] + list(_WORDS)
        found.extend(text for text in texts if _matches(known, text))
    elif known["type"] == "integer":
        found.extend([int(known["minimum"]), int(known["maximum"])])
    elif known["type"] == "number":
        found.extend([_least(known) + 0.5, known["maximum"]])
    elif known["type"] == "boolean":
        found.extend([True, False])
    return found


def _least(known: Mapping[str, Any]) -> float:
    return float(known.get("minimum", known.get("exclusiveMinimum", 0)))


def breaks(schema: Mapping[str, Any]) -> list[Any]:
    """Values past the edges of a schema, and of every wrong type; none is valid."""
    known = resolved(schema)
    kind = known["type"]
    numbers = {"integer", "number"} if kind == "number" else {kind}
    # What is a number or a name, such as a port.
    numbers |= {each["type"] for each in schema.get("anyOf", []) if each.get("type") not in {None, "null"}}
    found = [
        value for name, value in _TYPES.items() if name not in numbers and not (name == "null" and nullable(schema))
    ]
    if kind == "string":
        found.extend(_NO_TEXT)
        found.extend(text for text in _ODD if not _constant(known) and not _matches(known, text))
        if "maxLength" in known:
            found.extend(_long(known, known["maxLength"] + 1) or ["a" * (known["maxLength"] + 1)])
        found.extend([CANARY, CANARY * 1000] if _constant(known) else [])
    if kind == "integer":
        found.extend([int(known["minimum"]) - 1, int(known["maximum"]) + 1, 2**63, -(2**63) - 1, 2**64, _HUGE, 1e15])
    if kind == "number":
        found.extend([_least(known) - 0.01, known["maximum"] * 2, -1.5])
    if kind == "array":
        found.extend([[good(known["items"])] * (known["maxItems"] + 1)])
        found.extend([[]] if known.get("minItems") else [])
    if kind == "object" and "maxProperties" in known:
        longest = known["propertyNames"]["maxLength"]
        found.extend({key: ""} for key in ("", f"{CANARY}<", f"{CANARY}\x00", f"{CANARY}\ud800", "k" * (longest + 1)))
        found.append({f"k{number}": "" for number in range(known["maxProperties"] + 1)})
    return found


def _constant(known: Mapping[str, Any]) -> bool:
    return "enum" in known or "format" in known


def good(schema: Mapping[str, Any]) -> Any:
    """A valid value with every field that there is."""
    known = resolved(schema)
    if is_free(known):
        return 7
    if known["type"] == "object" and "properties" in known:
        only = _ALONE.get(known.get("title", ""))
        return {name: good(each) for name, each in known["properties"].items() if only in {None, name}}
    if known["type"] == "object":
        return {"team": good(next(iter(known["patternProperties"].values())))}
    if known["type"] == "array":
        return [good(known["items"])]
    return edges(schema)[-1]


def places(schema: Mapping[str, Any], at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Each place in `good(schema)` and its schema, outermost first."""
    known = resolved(schema)
    if is_free(known):
        return
    yield at, schema
    for name, each in known.get("properties", {}).items():
        yield from places(each, (*at, name))
    for each in known.get("patternProperties", {}).values():
        yield from places(each, (*at, "team"))
    if "items" in known:
        yield from places(known["items"], (*at, 0))


def with_value(document: Any, at: tuple[str | int, ...], value: Any) -> Any:
    """The document with another value at a place."""
    if not at:
        return value
    copy = document.copy()
    # Of some objects one member alone is there.
    copy[at[0]] = with_value(document[at[0]], at[1:], value) if at[1:] else value
    return copy


def written(document: Any) -> bytes:
    """The document as JSON; `json.dumps` writes no integer of 5,000 digits."""
    return json.dumps(document).replace(json.dumps(_HUGE), "9" * 5_000).encode()


def parameter_texts(schema: Mapping[str, Any]) -> list[str]:
    """What no query parameter of this schema takes."""
    if resolved(schema)["type"] == "integer":
        numbers = [value for value in breaks(schema) if isinstance(value, int) and not isinstance(value, bool)]
        return [*map(str, numbers), "9" * 5_000, "", " ", "NaN", "1.5", "0x10", CANARY]
    return [value for value in breaks(schema) if isinstance(value, str) and "\ud800" not in value]
