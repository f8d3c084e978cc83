"""PATCH: from a media type to the object's next state."""

import copy
from typing import Any

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.patches import PatchError, json_patch, merge, strategic_merge
from app.emulator.kubernetes.requests import Request, Target, checked, parse_json, parse_yaml
from app.emulator.kubernetes.status import Cause, StatusError, bad_request, invalid, unsupported_media_type

APPLY = "application/apply-patch+yaml"
_JSON, _MERGE = "application/json-patch+json", "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"


def patched(request: Request, kind: Kind, previous: Object) -> tuple[Object, list[str]]:
    """Return the object after the request's patch, and warnings; raise 400, 415 or 422."""
    whole = kind.typed(previous)
    match request.content_type:
        case "application/json-patch+json":
            operations = parse_json(request.body)
            if not isinstance(operations, list):
                raise bad_request("a JSON patch is a list of operations")
            result = _attempt(lambda: json_patch(whole, operations))
        case "application/merge-patch+json":
            result = merge(whole, _document(request))
        case "application/strategic-merge-patch+json":
            patch = _document(request)
            result = _attempt(lambda: strategic_merge(kind.message, whole, patch))
        case _:
            raise unsupported_media_type([_JSON, _MERGE, _STRATEGIC, APPLY])
    # The patch functions share what they did not change with the stored object.
    return checked(request, kind, copy.deepcopy(result))


def configuration(request: Request, kind: Kind, where: Target) -> tuple[Object, list[str]]:
    """Return what a server-side apply says of an object's part that it reaches, and warnings."""
    if not request.query.get("fieldManager"):
        said = "Required value: is required for apply patch"
        cause = Cause("FieldValueRequired", said, "fieldManager")
        raise invalid("PatchOptions", "", [cause], "meta.k8s.io")
    document, warnings = checked(request, kind, parse_yaml(request.body))
    if document["metadata"].get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    document["metadata"].setdefault("name", where.name)
    if where.subresource == "status":
        document = {key: document[key] for key in ("metadata", "status") if key in document}
    elif kind.has_status:
        document.pop("status", None)
    return {key: value for key, value in document.items() if key not in {"apiVersion", "kind"}}, warnings


def _document(request: Request) -> Object:
    document = parse_json(request.body)
    if not isinstance(document, dict):
        raise bad_request("a merge patch is an object")
    return document


def _attempt(apply: Any) -> Any:  # a closure over one of the patch functions
    try:
        return apply()
    except PatchError as error:
        message = f"the server rejected our request due to an error in our request: {error}"
        raise StatusError(422, "Invalid", message, {}) from error
    except (TypeError, AttributeError, ValueError) as error:
        raise bad_request("the patch does not fit the object") from error
