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


def shown_kubelet(identity: Resource) -> Document:
    """The `identityProfile` of a cluster whose kubelets have this identity."""
    properties = identity.body["properties"]
    return {
        "kubeletidentity": {
            "resourceId": identity.id.replace("/resourceGroups/", "/resourcegroups/"),
            "clientId": properties["clientId"],
            "objectId": properties["principalId"],
        }
    }


def change_kubelet(cloud: Cloud, body: Document, document: Document) -> None:
    """Give the kubelets of a cluster that is there the identity that the caller names, where that is another one."""
    path = ("identityProfile", "kubeletidentity")
    said, shown = (
        str(section(properties, *path).get("resourceId") or "").lower()
        for properties in (section(document, "properties"), body["properties"])
    )
    if said in {"", shown}:
        return
    asked = kubelet_identity(cloud, body, document)
    identity = _find(cloud, asked) if asked is not None else None
    if identity is not None:
        body["properties"]["identityProfile"] = shown_kubelet(identity)


def show_issuer(cloud: Cloud, body: Document) -> None:
    """Show under which address a cluster's OpenID Connect issuer is found, where it has one."""
    properties = body["properties"]
    profile = section(properties, "oidcIssuerProfile")
    if profile.get("enabled"):
        place = f"{body['location']}.oic.prod-aks.azure.com/{cloud.settings.tenant_id}/{properties['resourceUID']}/"
        properties["oidcIssuerProfile"] = {**profile, "issuerURL": f"https://{place}"}


def _find(cloud: Cloud, identity_id: str) -> Resource | None:
    found = cloud.store.get(identity_id)
    return found if found is not None and found.type == _IDENTITY else None
