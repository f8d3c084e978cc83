"""JSON documents as ARM exchanges them."""

import copy
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

Document = dict[str, Any]
"""An open JSON object: ARM bodies carry fields that no provider here knows, and they are kept."""


def arm_time(moment: datetime) -> str:
    """A time (UTC) as most of Azure's documents write it: to the microsecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def clone(document: Mapping[str, Any]) -> Document:
    """A deep copy, so that an answer never shares parts with what is stored."""
    return copy.deepcopy(dict(document))


def section(document: Mapping[str, Any], *names: str) -> Document:
    """The object at `names`, or an empty one where a step is absent, null or no object."""
    here: Any = document
    for name in names:
        here = here.get(name) if isinstance(here, Mapping) else None
    return dict(here) if isinstance(here, Mapping) else {}


def said(document: Mapping[str, Any], *, but: Collection[str] = ()) -> Document:
    """What a body of AKS says: to it null and the empty string are "not said", and `but` is nothing to be said."""
    return {name: value for name, value in document.items() if value not in (None, "") and name not in but}


def overlay(base: Mapping[str, Any], above: Mapping[str, Any]) -> Document:
    """`base` with what `above` says; objects merge, all else replaces, and null means "not said".

    That is how ARM providers read a PUT: a null or absent field takes the default or keeps its value.
    """
    result = clone(base)
    for name, value in above.items():
        if value is None:
            continue
        known = result.get(name)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            result[name] = overlay(known, value)
        else:
            result[name] = copy.deepcopy(value)
    return result
