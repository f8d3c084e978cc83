"""Vaults, to the depth in which secrets need one: made and deleted at once, kept for 90 days, recovered by a PUT."""

import re
from datetime import timedelta

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_location, check_tags, require_group
from app.emulator.core.links import page
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.core.stored_reads import read_routes
from app.emulator.providers.key_vault.names import DELETED_TYPE, DNS_SUFFIX, NAMESPACE, VAULT_TYPE, refused, vault_named

KEPT = timedelta(days=90)
_ONE = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{VAULT_TYPE}/{{vault}}"
_IN_SUBSCRIPTION = f"/subscriptions/{{subscription}}/providers/{NAMESPACE}"
_NAME = re.compile(r"(?=.{3,24}$)[A-Za-z](-?[A-Za-z0-9])+")
_LISTS = ("ListByResourceGroup", "ListBySubscription")


def routes() -> list[Route]:
    """The operations of this file."""
    deleted = f"{_IN_SUBSCRIPTION}/locations/{{location}}/deletedVaults/{{vault}}"
    return [
        *read_routes(VAULT_TYPE, "Vaults", lists=_LISTS, show=_shown),
        Route("PUT", _ONE, "Vaults_CreateOrUpdate", _put, NAMESPACE, 5),
        Route("DELETE", _ONE, "Vaults_Delete", _delete, NAMESPACE, 5),
        Route("GET", deleted, "Vaults_GetDeleted", _get_deleted, NAMESPACE),
        Route("GET", f"{_IN_SUBSCRIPTION}/deletedVaults", "Vaults_ListDeleted", _list_deleted, NAMESPACE),
    ]


def _shown(_cloud: Cloud, _call: Call, vault: Resource) -> Document:
    return clone(vault.body)


async def _put(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call, for_change=True)
    name, document, known = call.parameter("vault"), call.document(), cloud.store.get(call.path)
    if _NAME.fullmatch(name) is None:
        raise refused(400, "VaultNameNotValid", f"The vault name '{name}' is invalid.")
    location = check_location(document, VAULT_TYPE, known=known.body if known else None)
    asked: Document = document.get("properties") or {}
    if known is None and vault_named(cloud, name) is not None:
        raise refused(409, "VaultAlreadyExists", f"The vault name '{name}' is already in use.")
    grave = _grave(cloud, call.parameter("subscription"), location, name)
    if asked.get("createMode") == "recover":
        return _recovered(cloud, call, grave)
    if grave is not None:
        raise refused(
            409,
            "ConflictError",
            "A vault with the same name already exists in deleted state. You need to either recover or purge existing "
            "key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft "
            "delete.",
        )
    body: Document = {
        "id": call.path,
        "name": name,
        "type": VAULT_TYPE,
        "location": location,
        "tags": check_tags(document),
        "properties": {
            "sku": asked.get("sku") or {"family": "A", "name": "standard"},
            "tenantId": asked.get("tenantId") or cloud.settings.tenant_id,
            "accessPolicies": asked.get("accessPolicies") or [],
            "enableRbacAuthorization": asked.get("enableRbacAuthorization", True),
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": KEPT.days,
            "publicNetworkAccess": asked.get("publicNetworkAccess") or "Enabled",
            "vaultUri": f"https://{name.lower()}.{DNS_SUFFIX}/",
            "provisioningState": "Succeeded",
        },
    }
    internal = known.internal if known is not None else {"secrets": {}}
    cloud.store.put(Resource(call.path, VAULT_TYPE, body, known.created if known else cloud.now(), internal))
    call.effect = "updated" if known is not None else "created"
    return Answer(200, clone(body))


def _recovered(cloud: Cloud, call: Call, grave: Resource | None) -> Answer:
    if grave is None or grave.internal["vault"]["id"].lower() != call.path.lower():
        raise refused(404, "VaultNotFound", "The deleted vault to recover was not found.")
    cloud.store.remove(grave.id)
    body = grave.internal["vault"]
    cloud.store.put(Resource(body["id"], VAULT_TYPE, body, cloud.now(), {"secrets": grave.internal["secrets"]}))
    call.effect = "created"
    return Answer(200, clone(body))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    require_group(cloud, call)
    vault = cloud.store.get(call.path)
    if vault is None:
        return Answer(204, content_type=None)
    await remove(cloud, vault)
    call.effect = "deleted"
    return Answer(200, content_type=None)


async def remove(cloud: Cloud, vault: Resource) -> None:
    """Delete a vault: it can be recovered for 90 days, and its name stays taken."""
    cloud.store.remove(vault.id)
    subscription = vault.id.split("/")[2]
    identity = _grave_id(subscription, vault.body["location"], vault.name)
    body: Document = {
        "id": identity,
        "name": vault.name,
        "type": DELETED_TYPE,
        "properties": {
            "vaultId": vault.id,
            "location": vault.body["location"],
            "tags": vault.body["tags"],
            "deletionDate": cloud.now().isoformat(),
            "scheduledPurgeDate": (cloud.now() + KEPT).isoformat(),
        },
    }
    internal = {"vault": vault.body, "secrets": vault.internal["secrets"]}
    cloud.store.put(Resource(identity, DELETED_TYPE, body, cloud.now(), internal))


def _grave_id(subscription: str, location: str, name: str) -> str:
    return f"/subscriptions/{subscription}/providers/{NAMESPACE}/locations/{location}/deletedVaults/{name}"


def _grave(cloud: Cloud, subscription: str, location: str, name: str) -> Resource | None:
    found = cloud.store.get(_grave_id(subscription, location, name))
    return None if found is None or cloud.now() >= found.created + KEPT else found


async def _get_deleted(cloud: Cloud, call: Call) -> Answer:
    subscription, location, name = (call.parameter(part) for part in ("subscription", "location", "vault"))
    found = _grave(cloud, subscription, location, name)
    if found is None:
        raise refused(404, "DeletedVaultNotFound", f"The specified deleted vault '{name}' does not exist.")
    return Answer(200, clone(found.body))


async def _list_deleted(cloud: Cloud, call: Call) -> Answer:
    under = f"/subscriptions/{call.parameter('subscription')}"
    found = [each for each in cloud.store.of_type(DELETED_TYPE, under=under) if cloud.now() < each.created + KEPT]
    return page(cloud, call, [clone(each.body) for each in found])
