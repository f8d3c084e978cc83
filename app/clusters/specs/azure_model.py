"""What `azure_properties` may hold by AKS's own model, as the installed SDK has it: no secret is among it."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, TypeAlias

from app.clusters.specs.rejections import Rejections

Path: TypeAlias = "tuple[str | int, ...]"
"""Names of members, and places in lists."""
Model: TypeAlias = "str | list[Any] | dict[str, Any]"
"""A word for a kind of value, a list with one of them, or an object by its members ("*": any)."""
CLUSTER: dict[str, Any] = json.loads((files("app.azure.types") / "cluster_model.json").read_text())
POOL: dict[str, Any] = CLUSTER["agentPoolProfiles"][0]
_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "whole number": int,
    "number": (int, float),
    "true or false": bool,
}
_SECRET = "secret"  # noqa: S105 - a kind of value, no secret
_INSTEAD = {
    "serverAppSecret": "AKS logs users in without an application of yours: give `access.entra`.",
    "httpProxy": "AKS's nodes log in to no proxy: give its URL without.",
    "httpsProxy": "AKS's nodes log in to no proxy: give its URL without.",
}
"""What to do about a secret, by the member's name."""
_ELSE = "Have what needs it read it from a Key Vault, or from a Secret of the cluster."
_IN_CLEAR = "What is given here is kept and shown as it is, so no secret may be in it."
_SOUNDS_SECRET = re.compile(
    r"(secret|password|passphrase|pwd|token|credential|connectionstring|"
    r"(access|account|api|client|primary|private|secondary|shared|storage|workspace)[-_.]?key)s?$",
    re.IGNORECASE,
)
_URL_WITH_SECRET = re.compile(r"://[^/?#\s]*@|[?&](sig|token|password|secret)=", re.IGNORECASE)


def leaves(value: object, above: Path = ()) -> Iterator[tuple[Path, object]]:
    """Each value that is neither an object nor a list of them, with its path; an empty one of these counts as one."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*above, name))
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*above, index))
    elif above:
        yield above, value


def pointer_to(path: Path, at: str) -> str:
    """The JSON pointer of a path below `at`."""
    return "/".join([at, *(str(part).replace("~", "~0").replace("/", "~1") for part in path)])


def is_secret(path: Path, value: object, model: Model = CLUSTER) -> bool:
    """Whether a leaf is a secret, by AKS's model, by a name that the model leaves open, or by a URL that has one."""
    kind, named_freely = _kind(path, model)
    texts = value if isinstance(value, list) else [value]
    return (
        kind == _SECRET
        or (named_freely and _SOUNDS_SECRET.search(str(path[-1])) is not None)
        or any(isinstance(text, str) and _URL_WITH_SECRET.search(text) for text in texts)
    )


def check_leaf(path: Path, value: object, model: Model, at: str, rejections: Rejections) -> None:
    """Note what AKS does not have, what only Azure says, what is of another type, and secrets; `model`: the whole."""
    pointer = pointer_to(path, at)
    kind, _ = _kind(path, model)
    if kind is None:
        rejections.add("unknown_azure_property", pointer, "AKS's model has no such property.")
    elif is_secret(path, value, model):
        rejections.add("secret_in_clear", pointer, f"{_IN_CLEAR} {_INSTEAD.get(str(path[-1]), _ELSE)}")
    elif kind == "read-only":
        rejections.add("not_settable", pointer, "Azure says this; nobody sets it.")
    elif not _fits(value, kind):
        rejections.add("wrong_type", pointer, f"AKS has {_words(kind)} here.")


def _kind(path: Path, model: Model) -> tuple["Model | None", bool]:
    """What stands at the path, None where nothing may; and whether the model leaves the last name open."""
    here: Model | None = model
    named_freely = False
    for part in path:
        if here in ("anything", "read-only", _SECRET):
            break
        if isinstance(here, list) and isinstance(part, int):
            here = here[0]
        elif isinstance(here, dict) and isinstance(part, str):
            named_freely = part not in here
            here = here.get(part, here.get("*"))
        else:
            return None, False
    return here, named_freely


def _fits(value: object, model: Model) -> bool:
    if model == "anything" or value is None:
        return True
    if isinstance(model, list):
        return isinstance(value, list) and all(_fits(each, model[0]) for each in value)
    if isinstance(model, dict):
        return value == {}
    kind = _TYPES[model]
    # true is a whole number to Python, and none to JSON.
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _words(model: Model) -> str:
    return "a list" if isinstance(model, list) else "an object" if isinstance(model, dict) else str(model)
