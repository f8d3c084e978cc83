"""What `azure_properties` of a cluster may say: what AKS's model has, and no field of Slipway's says."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, TypeAlias

from app.azure.types.cluster_fields import CLUSTER_FIELDS
from app.clusters.specs.rejections import Rejections
from app.core.json import JsonObject

_Model: TypeAlias = "str | list[Any] | dict[str, Any]"
"""A word for a kind of value, a list with one of them, or an object by its members ("*": any)."""
_MODEL: _Model = json.loads((files("app.azure.types") / "cluster_model.json").read_text())
_TYPED = {
    **{
        tuple(path): each.ours
        for each in CLUSTER_FIELDS
        if (path := each.azure.split("/"))[0] == "properties" and path.pop(0)
    },
    ("agentPoolProfiles",): "node_pools",
    ("kubernetesVersion",): "kubernetes_version",
    ("linuxProfile",): "ssh_public_key",
    ("identityProfile", "kubeletidentity"): "identity.kubelet_id",
    ("servicePrincipalProfile",): "identity.service_principal",
    ("windowsProfile", "adminPassword"): "windows_password",
    ("networkProfile", "loadBalancerProfile"): "PATCH /v1/clusters/{id}/outbound",
    ("networkProfile", "podCidr"): "network.pod_cidrs",
    ("networkProfile", "serviceCidr"): "network.service_cidrs",
    ("addonProfiles", "omsagent"): "PUT /v1/clusters/{id}/monitoring",
}
"""By their path in `properties`: the fields of Slipway's that say the same."""
_OURS = frozenset({"dnsPrefix", "fqdnSubdomain", "enableRBAC", "status"})
_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "whole number": int,
    "number": (int, float),
    "true or false": bool,
}


def check_azure_properties(properties: JsonObject, rejections: Rejections) -> None:
    """Note what AKS does not have, what Azure says itself, what is of another type, and what has a field here."""
    for path, value in _leaves(properties):
        pointer = "/azure_properties/" + "/".join(path)
        typed = dict.fromkeys(ours for known, ours in _TYPED.items() if _same_branch(path, known))
        if typed:
            named = ", ".join(f"`{ours}`" for ours in typed)
            rejections.add("given_as_field", pointer, f"Say {'it' if len(typed) == 1 else 'its parts'} by {named}.")
        elif path[0] in _OURS:
            rejections.add("not_settable", pointer, "Slipway sets this, or Azure does.")
        else:
            _check(path, value, pointer, rejections)


def _leaves(value: object, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, (*above, name))
    elif above:
        yield above, value


def _same_branch(path: tuple[str, ...], known: tuple[str, ...]) -> bool:
    """Whether the one says a part of what the other says; AKS spells the names of add-ons in any case."""
    return all(one.lower() == other.lower() for one, other in zip(path, known, strict=False))


def _check(path: tuple[str, ...], value: object, pointer: str, rejections: Rejections) -> None:
    model: _Model | None = _MODEL
    for name in path:
        if model in ("anything", "read-only"):
            break
        model = model.get(name, model.get("*")) if isinstance(model, dict) else None
    if model is None:
        rejections.add("unknown_azure_property", pointer, "A managed cluster has no such property.")
    elif model == "read-only":
        rejections.add("not_settable", pointer, "Azure says this; nobody sets it.")
    elif not _fits(value, model):
        rejections.add("wrong_type", pointer, f"AKS has {_words(model)} here.")


def _fits(value: object, model: _Model) -> bool:
    if model == "anything" or value is None:
        return True
    if isinstance(model, list):
        return isinstance(value, list) and all(_fits(each, model[0]) for each in value)
    if isinstance(model, dict):
        inner: _Model | None = model.get("*")
        if not isinstance(value, dict) or not all(name in model or inner is not None for name in value):
            return False
        return all(_fits(each, model.get(name) or inner or "anything") for name, each in value.items())
    kind = _TYPES[model]
    # true is a whole number to Python, and none to JSON.
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _words(model: _Model) -> str:
    return "a list" if isinstance(model, list) else "an object" if isinstance(model, dict) else str(model)
