"""What a storage account looks like, and what may be asked of one."""

import re
from datetime import datetime

from app.emulator.core.documents import Document, arm_time, overlay, section
from app.emulator.core.errors import AzureError
from app.emulator.core.gateway import check_tags
from app.emulator.providers.storage.errors import refused
from app.emulator.providers.storage.names import ACCOUNT_TYPE

PREMIUM = "FileStorage"
"""The kind of the accounts whose shares lie on SSDs; their SKUs begin with Premium."""
_NAME = re.compile(r"[a-z0-9]{3,24}")
_KINDS = ("Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage")
_SKUS = (
    *("Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS"),
    *("Premium_LRS", "Premium_ZRS"),
)
_READ_ONLY = ("provisioningState", "creationTime", "primaryEndpoints", "primaryLocation", "statusOfPrimary")
_SERVICES = ("dfs", "web", "blob", "queue", "table", "file")
_FIXED = ("isHnsEnabled", "isNfsV3Enabled")


def check_name(name: str) -> AzureError | None:
    """Why no account can have this name, if it cannot."""
    if _NAME.fullmatch(name):
        return None
    return refused(
        400,
        "AccountNameInvalid",
        f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in "
        "length and use numbers and lower-case letters only.",
    )


def checked_form(document: Document) -> tuple[str, str]:
    """SKU and kind of a PUT, which must fit each other."""
    sku, kind = section(document, "sku").get("name"), document.get("kind")
    if sku not in _SKUS:
        raise refused(400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: sku.name.")
    if kind not in _KINDS:
        raise refused(400, "InvalidValuesForRequestParameters", "Values for request parameters are invalid: kind.")
    premium_only = kind in {PREMIUM, "BlockBlobStorage"}
    if premium_only != sku.startswith("Premium") and kind != "StorageV2":
        raise refused(
            400,
            "InvalidAccountType",
            f"The AccountType {sku} is invalid. For more information, see - https://aka.ms/storageaccountskus",
        )
    return sku, kind


def new_body(identity: str, name: str, location: str, document: Document, now: datetime) -> Document:
    """An account as it is made by a PUT; it is `Creating`."""
    sku, kind = checked_form(document)
    stamp = arm_time(now)
    enabled = {"keyType": "Account", "enabled": True, "lastEnabledTime": stamp}
    defaults: Document = {
        "allowCrossTenantDelegationSas": False,
        "keyCreationTime": {"key1": stamp, "key2": stamp},
        "allowCrossTenantReplication": False,
        "privateEndpointConnections": [],
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "networkAcls": {
            "ipv6Rules": [],
            "bypass": "AzureServices",
            "virtualNetworkRules": [],
            "ipRules": [],
            "defaultAction": "Allow",
        },
        "supportsHttpsTrafficOnly": True,
        "encryption": {"services": {"file": enabled, "blob": dict(enabled)}, "keySource": "Microsoft.Storage"},
    }
    if kind != PREMIUM:
        defaults["accessTier"] = "Hot"
    asked = {name: value for name, value in section(document, "properties").items() if name not in _READ_ONLY}
    shown = ("file",) if kind == PREMIUM else _SERVICES
    return {
        "sku": _sku(sku),
        "kind": kind,
        "id": identity,
        "name": name,
        "type": ACCOUNT_TYPE,
        "location": location,
        "tags": check_tags(document),
        "properties": {
            **overlay(defaults, asked),
            "provisioningState": "Creating",
            "creationTime": stamp,
            "primaryEndpoints": {service: _endpoint(name, service) for service in shown},
            "primaryLocation": location,
            "statusOfPrimary": "available",
        },
    }


def changed_body(body: Document, document: Document) -> Document:
    """An account after a PATCH, or after a PUT on what is there already."""
    properties = section(document, "properties")
    for name in _FIXED:
        if name in properties and properties[name] != body["properties"].get(name, False):
            raise refused(
                400,
                "AccountPropertyCannotBeUpdated",
                f"The property '{name}' was specified in the input, but it cannot be updated.",
            )
    asked = {name: value for name, value in properties.items() if name not in _READ_ONLY}
    result = {**body, "properties": overlay(body["properties"], asked)}
    if "networkAcls" in asked:
        # Its lists are replaced as a whole.
        result["properties"]["networkAcls"] = {**body["properties"]["networkAcls"], **(asked["networkAcls"] or {})}
    if (sku := section(document, "sku").get("name")) is not None:
        checked_form({"sku": {"name": sku}, "kind": body["kind"]})
        result["sku"] = _sku(sku)
    if (kind := document.get("kind")) not in {None, body["kind"]}:
        raise refused(400, "AccountPropertyCannotBeUpdated", f"The kind of the account cannot be changed to '{kind}'.")
    if document.get("tags") is not None:
        result["tags"] = check_tags(document)
    return result


def _sku(name: str) -> Document:
    return {"name": name, "tier": name.partition("_")[0]}


def _endpoint(account: str, service: str) -> str:
    zone = ".z4" if service == "web" else ""
    return f"https://{account}{zone}.{service}.core.windows.net/"
