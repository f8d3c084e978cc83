"""Where an answer leads (OpenAPI `links`): what a client or a test can go on with, by operation."""

from app.core.json import JsonObject

_JOB = "$response.body#/job/id"
_RESOURCE = "$response.body#/resource/id"
_ID = "$response.body#/id"

_LINKS: dict[str, dict[str, dict[str, str]]] = {
    "create_cluster": {
        name: {"cluster": _RESOURCE}
        for name in (
            "get_cluster_by_id_or_name",
            "update_cluster",
            "scale_cluster",
            "create_credential",
            "create_exposure",
            "delete_cluster",
        )
    },
    "create_exposure": {
        name: {"cluster": "$request.path.cluster", "exposure": _RESOURCE}
        for name in ("get_exposure", "update_exposure", "delete_exposure")
    },
    "create_resource_group": {
        "get_resource_group": {"group": _RESOURCE},
        "delete_resource_group": {"group": _RESOURCE},
    },
    "create_project": {name: {"project": _ID} for name in ("get_project", "update_project", "create_api_key")},
    "create_api_key": {"revoke_api_key": {"project": "$request.path.project", "key": _ID}},
}
_OF_A_JOB = {name: {"job_id": _JOB} for name in ("get_job", "list_job_steps", "cancel_job")}


def links(operation: JsonObject, status: str) -> JsonObject:
    """Return the links of an operation's answer; one of status 202 leads to its job as well."""
    found = _LINKS.get(operation["operationId"], {}) | (_OF_A_JOB if status == "202" else {})
    return {name: {"operationId": name, "parameters": parameters} for name, parameters in found.items()}
