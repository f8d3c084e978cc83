"""The identities of a cluster that its caller made: of the control plane, and of the kubelets."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.errors import AzureError
from app.emulator.core.store import Resource
from app.emulator.providers.containerservice.errors import flat

_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
KUBELET = "kubelet_identity"


def take_identities(cloud: Cloud, body: Document, document: Document) -> None:
    """Show the ids of a cluster's user-assigned identities; ARM refuses those that are not there."""
    asked = section(document, "identity")
    if "UserAssigned" in str(asked.get("type")):
        body["identity"] = asked
    identity = section(body, "identity")
    if "UserAssigned" not in str(identity.get("type")):
        return
    named = identity.get("userAssignedIdentities") or {}
    if not named:
        raise AzureError(
            400, "InvalidRequestContent", "The identity ids must not be empty for 'UserAssigned' identity type."
        )
    shown = {}
    for identity_id in named:
        found = _find(cloud, identity_id)
        if found is None:
            inner = f'{{"error":{{"code":"BadRequest","message":"Resource \'{identity_id}\' was not found."}}}}'
            raise AzureError(
                400,
                "FailedIdentityOperation",
                f"Identity operation for resource '{body['id']}' failed with error 'Failed to perform resource "
                f"identity operation. Status: 'BadRequest'. Response: '{inner}'.'.",
            )
        shown[identity_id] = {name: found.body["properties"][name] for name in ("clientId", "principalId")}
    body["identity"] = {**identity, "userAssignedIdentities": shown}


def kubelet_identity(cloud: Cloud, body: Document, document: Document) -> str | None:
    """The identity that a new cluster's kubelets shall have, where the caller names one."""
    asked = section(document, "properties", "identityProfile", "kubeletidentity").get("resourceId")
    if not asked:
        return None
    if "UserAssigned" not in str(section(body, "identity").get("type")):
        raise flat(
            400,
            "CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster",
            "Custom kubelet identity is only supported on user assigned MSI cluster.",
        )
    if _find(cloud, asked) is None:
        raise flat(400, "BadRequest", f"The kubelet identity '{asked}' was not found.")
    return str(asked)


def _find(cloud: Cloud, identity_id: str) -> Resource | None:
    found = cloud.store.get(identity_id)
    return found if found is not None and found.type == _IDENTITY else None
