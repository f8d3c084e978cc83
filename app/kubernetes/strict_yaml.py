"""YAML without what makes it dangerous: no aliases, anchors, tags or duplicate keys, one document, a bounded depth.

Built on libyaml's events, so that nothing is constructed before it is checked. Values are strings, booleans and None;
what looks like a number stays a string.
"""

from collections.abc import Iterator
from typing import TypeAlias

import yaml

from app.kubernetes.errors import KubeconfigRule, UntrustedKubeconfigError

Plain: TypeAlias = "str | bool | list[Plain] | dict[str, Plain] | None"

MAX_BYTES = 1_000_000
_MAX_DEPTH = 16
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


def load(document: bytes) -> Plain:
    """Read one document, or raise UntrustedKubeconfigError with the rule that it breaks."""
    if len(document) > MAX_BYTES:
        raise UntrustedKubeconfigError(KubeconfigRule.SIZE)
    try:
        events = list(yaml.parse(document.decode("utf-8"), Loader=yaml.CSafeLoader))
    except (UnicodeDecodeError, yaml.YAMLError):
        # The cause quotes the document, and the document holds keys.
        raise UntrustedKubeconfigError(KubeconfigRule.YAML) from None
    if sum(isinstance(event, yaml.DocumentStartEvent) for event in events) != 1:
        raise UntrustedKubeconfigError(KubeconfigRule.YAML)
    nodes = (event for event in events if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent))
    return _value(next(nodes), nodes, depth=0)


def _value(event: yaml.Event, events: Iterator[yaml.Event], *, depth: int) -> Plain:
    if depth > _MAX_DEPTH:
        raise UntrustedKubeconfigError(KubeconfigRule.SHAPE)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
        raise UntrustedKubeconfigError(KubeconfigRule.ALIAS)
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, depth=depth)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Plain] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_value(event, events, depth=depth + 1))
        return items
    if isinstance(event, yaml.ScalarEvent):
        is_plain = event.implicit[0]
        return _WORDS.get(event.value, event.value) if is_plain else event.value
    raise UntrustedKubeconfigError(KubeconfigRule.YAML)


def _mapping(events: Iterator[yaml.Event], *, depth: int) -> Plain:
    mapping: dict[str, Plain] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _value(event, events, depth=depth + 1)
        if not isinstance(key, str):
            raise UntrustedKubeconfigError(KubeconfigRule.SHAPE)
        if key in mapping:
            raise UntrustedKubeconfigError(KubeconfigRule.DUPLICATE_KEY)
        mapping[key] = _value(next(events), events, depth=depth + 1)
    return mapping
