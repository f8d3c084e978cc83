"""A setting that Azure said it cannot change: which one it was, and what is wanted without it."""

import re

from pydantic import ValidationError

from app.azure.types.cluster_fields import CLUSTER_FIELDS
from app.clusters.schemas.settings import ClusterSettings
from app.clusters.specs.properties_patch import PROPERTIES
from app.core.errors import Problem
from app.core.json import JsonObject, value_at

_CODE = "azure_immutable_property"
_NAMED = re.compile(r"changing property '(?:properties\.)?([^']+)' is not allowed", re.IGNORECASE)
_OURS = {each.azure.removeprefix("properties/").replace("/", ".").lower(): each.ours for each in CLUSTER_FIELDS}


def refused_setting(problem: Problem, settings: JsonObject) -> str | None:
    """The dotted path of the setting whose change Azure refused for good; None: it was none that is wanted."""
    if problem.code != _CODE or problem.azure is None:
        return None
    named = _NAMED.search(problem.azure.message or "")
    if named is None:
        return None
    ours = _OURS.get(named[1].lower(), f"{PROPERTIES}.{named[1]}")
    return None if value_at(settings, ours) is None else ours


def without(settings: JsonObject, ours: str) -> JsonObject:
    """The settings without this one; as they are, where they could not be without."""
    left = _without(settings, ours.split("."))
    try:
        ClusterSettings.model_validate(left)
    except ValidationError:
        return settings
    return left


def _without(settings: JsonObject, path: list[str]) -> JsonObject:
    first, *rest = path
    left = dict(settings)
    if rest:
        left[first] = _without(left[first], rest)
    if not rest or not left[first]:
        left.pop(first)
    return left
