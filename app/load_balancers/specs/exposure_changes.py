"""A change of an exposure: the merge patch, and what of it differs."""

from app.core.json import JsonObject
from app.load_balancers.schemas.exposures import ExposureCreate, ExposureUpdate
from app.load_balancers.specs.exposure_wanted import WantedExposure


def merged(wanted: JsonObject, change: ExposureUpdate, *, namespace: str, name: str) -> ExposureCreate:
    """The exposure as it would be asked for anew, after RFC 7396: null is the default again, lists are whole."""
    patch = change.model_dump(mode="json", exclude_unset=True, exclude={"options"})
    given = wanted.get("public_ip")
    if given is not None and given["make"]:
        # Which one was made is not asked for, but follows.
        wanted = {**wanted, "public_ip": {**given, "id": None}}
    document = _merge(wanted, patch)
    return ExposureCreate.model_validate({**document, "namespace": namespace, "name": name})


def _merge(target: JsonObject, patch: JsonObject) -> JsonObject:
    result = {name: value for name, value in target.items() if value is not None}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            before = result.get(name)
            result[name] = _merge(before if isinstance(before, dict) else {}, value)
        else:
            result[name] = value
    return result


def changed(before: WantedExposure, after: WantedExposure) -> list[str]:
    """The members that differ, by name, in the order of the alphabet."""
    old, new = before.as_json(), after.as_json()
    return sorted(name for name in new if old.get(name) != new[name])
