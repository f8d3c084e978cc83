"""A vault's secrets: in Azure at `https://<vault>.vault.azure.net/secrets/...`, here below `/vaults/<vault>`.

The versions of a secret stand in the vault's `internal`, the oldest first.
"""

import re
from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError, not_implemented
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.registry import DataPlane, Route
from app.emulator.core.store import Resource
from app.emulator.providers.key_vault.names import DNS_SUFFIX, NAMESPACE, vault_named

AUDIENCES = (f"https://{DNS_SUFFIX}",)
_NAME = re.compile(r"[A-Za-z0-9-]{1,127}")
_LONGEST_VALUE = 25_600
_RECOVERY = {"recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}
_UNAUTHORIZED, _TOO_MANY = 401, 429
_TENANT = re.compile(r'authorization_uri="([^"]+)"')
_ACTIONS = {"GET": "getSecret", "PUT": "setSecret", "PATCH": "update", "DELETE": "delete"}


class VaultError(AzureError):
    """A refusal in Key Vault's own form: what lies behind it is its inner error."""

    def __init__(self, status: int, code: str, message: str, *, inner: str | None = None, **more: Any) -> None:
        """Refuse with `status` and `code`."""
        super().__init__(status, code, message, **more)
        self._inner = inner

    def body(self) -> Document:
        """The error document."""
        error: Document = {"code": self.code, "message": self.message}
        if self._inner is not None:
            error["innererror"] = {"code": self._inner}
        return {"error": error}


def _refuse(error: AzureError) -> AzureError:
    if error.status == _UNAUTHORIZED:
        # The challenge from which Key Vault's clients learn whom to ask for a token, and for what.
        authority = _TENANT.search(error.headers.get("WWW-Authenticate", ""))
        challenge = f'Bearer authorization="{authority[1] if authority else ""}", resource="{AUDIENCES[0]}"'
        missing = error.code == "AuthenticationFailed"
        said = "AKV10000: Request is missing a Bearer or PoP token." if missing else f"AKV10022: {error.message}"
        return VaultError(401, "Unauthorized", said, headers={"WWW-Authenticate": challenge})
    if error.status == _TOO_MANY:
        said = "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached"
        return VaultError(429, "Throttled", said, headers=error.headers)
    said = (
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role "
        "definitions were changed recently, please observe propagation time.\r\nAssignment: (not found)"
    )
    return VaultError(403, "Forbidden", said, inner="ForbiddenByRbac")


def routes() -> list[Route]:
    """The operations of this file."""
    plane = DataPlane(AUDIENCES, _refuse)
    known = "/vaults/{vault}/secrets/{secret}"
    deleted = "/vaults/{vault}/deletedsecrets/{secret}"

    def route(method: str, template: str, operation: str, handler: Any) -> Route:
        return Route(method, template, f"KeyVault_{operation}", handler, NAMESPACE, 0.05, plane)

    return [
        route("PUT", known, "SetSecret", _set),
        route("GET", known, "GetSecret", _get),
        route("GET", f"{known}/{{version}}", "GetSecret", _get),
        route("PATCH", f"{known}/{{version}}", "UpdateSecret", _update),
        route("DELETE", known, "DeleteSecret", _delete),
        route("GET", deleted, "GetDeletedSecret", _get_deleted),
        route("POST", f"{deleted}/recover", "RecoverDeletedSecret", _recover),
    ]


def _vault(cloud: Cloud, call: Call) -> Resource:
    name = call.parameter("vault")
    vault = vault_named(cloud, name)
    if vault is None:
        # In Azure nobody would answer: the name of such a vault is not in DNS.
        raise VaultError(404, "VaultNotFound", f"There is no vault named '{name}'; in Azure, DNS would say so.")
    if vault.body["properties"]["publicNetworkAccess"] == "Disabled":
        said = (
            "Public network access is disabled and request is not from a trusted service nor via an approved private "
            f"link.\r\nVault: {vault.name};location={vault.body['location']}"
        )
        raise VaultError(403, "Forbidden", said, inner="ForbiddenByConnection")
    return vault


def _not_found(name: str) -> VaultError:
    return VaultError(
        404,
        "SecretNotFound",
        f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may "
        "be able to recover it using the correct recovery command. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125182",
    )


def _entry(vault: Resource, name: str, *, deleted: bool = False) -> Document:
    entry: Document | None = vault.internal["secrets"].get(name.lower())
    if entry is None or (entry["deleted"] is not None) != deleted:
        raise _not_found(name)
    return entry


def _version(entry: Document, name: str, version: str | None) -> Document:
    if version is None:
        newest: Document = entry["versions"][-1]
        return newest
    for each in entry["versions"]:
        if each["version"] == version:
            found: Document = each
            return found
    raise _not_found(f"{name}/{version}")


def _shown(vault: Resource, name: str, version: Document, *, value: bool) -> Document:
    address = f"{vault.body['properties']['vaultUri']}secrets/{name}/{version['version']}"
    shown: Document = {"id": address, "attributes": {**version["attributes"], **_RECOVERY}, "tags": version["tags"]}
    if version["contentType"] is not None:
        shown["contentType"] = version["contentType"]
    return {"value": version["value"], **shown} if value else shown


def _attributes(cloud: Cloud, asked: Any, known: Document) -> Document:
    given = asked or {}
    if not isinstance(given, dict):
        raise VaultError(400, "BadParameter", "Property 'attributes' has invalid value.")
    attributes: Document = {"enabled": True, "created": int(cloud.now().timestamp()), **known}
    for name in ("enabled", "nbf", "exp"):
        if given.get(name) is not None:
            attributes[name] = given[name]
    if "nbf" in attributes and "exp" in attributes and attributes["nbf"] >= attributes["exp"]:
        raise VaultError(400, "BadParameter", "Property 'attributes.exp' must be greater than 'attributes.nbf'.")
    return {**attributes, "updated": int(cloud.now().timestamp())}


async def _set(cloud: Cloud, call: Call) -> Answer:
    vault, name, document = _vault(cloud, call), call.parameter("secret"), call.document()
    if _NAME.fullmatch(name) is None:
        raise VaultError(400, "BadParameter", f"The request URI contains an invalid name: {name}")
    value = document.get("value")
    if not isinstance(value, str) or len(value) > _LONGEST_VALUE:
        raise VaultError(400, "BadParameter", "Property 'value' is missing, or longer than 25k characters.")
    entry: Document = vault.internal["secrets"].setdefault(name.lower(), {"deleted": None, "versions": []})
    if entry["deleted"] is not None:
        said = f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused."
        raise VaultError(409, "Conflict", said, inner="ObjectIsDeletedButRecoverable")
    version: Document = {
        "version": cloud.guid().replace("-", ""),
        "value": value,
        "contentType": document.get("contentType"),
        "tags": document.get("tags") or {},
        "attributes": _attributes(cloud, document.get("attributes"), {}),
    }
    entry["versions"].append(version)
    return _changed(cloud, call, vault, _shown(vault, name, version, value=True))


def _changed(cloud: Cloud, call: Call, vault: Resource, body: Document) -> Answer:
    cloud.store.touch(vault)
    call.effect = "updated"
    return Answer(200, body)


async def _get(cloud: Cloud, call: Call) -> Answer:
    vault, name = _vault(cloud, call), call.parameter("secret")
    asked = call.parameters.get("version")
    if asked == "versions":
        raise not_implemented("lists of a secret's versions")
    version = _version(_entry(vault, name), name, asked)
    if not version["attributes"]["enabled"]:
        said = "Operation get is not allowed on a disabled secret."
        raise VaultError(403, "Forbidden", said, inner="SecretDisabled")
    # One that has expired is given out, as in Azure.
    return Answer(200, _shown(vault, name, version, value=True))


async def _update(cloud: Cloud, call: Call) -> Answer:
    vault, name, document = _vault(cloud, call), call.parameter("secret"), call.document()
    version = _version(_entry(vault, name), name, call.parameter("version"))
    version["attributes"] = _attributes(cloud, document.get("attributes"), version["attributes"])
    version["tags"] = document.get("tags", version["tags"])
    version["contentType"] = document.get("contentType", version["contentType"])
    return _changed(cloud, call, vault, _shown(vault, name, version, value=False))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    vault, name = _vault(cloud, call), call.parameter("secret")
    entry = _entry(vault, name)
    entry["deleted"] = int(cloud.now().timestamp())
    return _changed(cloud, call, vault, _deleted(vault, name, entry))


def _deleted(vault: Resource, name: str, entry: Document) -> Document:
    days = int(_RECOVERY["recoverableDays"])  # type: ignore[call-overload]  # a number
    return {
        "recoveryId": f"{vault.body['properties']['vaultUri']}deletedsecrets/{name}",
        "deletedDate": entry["deleted"],
        "scheduledPurgeDate": entry["deleted"] + days * 86_400,
        **_shown(vault, name, entry["versions"][-1], value=False),
    }


async def _get_deleted(cloud: Cloud, call: Call) -> Answer:
    vault, name = _vault(cloud, call), call.parameter("secret")
    return Answer(200, _deleted(vault, name, _entry(vault, name, deleted=True)))


async def _recover(cloud: Cloud, call: Call) -> Answer:
    vault, name = _vault(cloud, call), call.parameter("secret")
    entry = _entry(vault, name, deleted=True)
    entry["deleted"] = None
    return _changed(cloud, call, vault, _shown(vault, name, entry["versions"][-1], value=False))
