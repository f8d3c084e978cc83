"""Names that the files of this provider share."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.errors import resource_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.paths import group_id
from app.emulator.core.store import Resource
from app.emulator.providers.storage.errors import not_provisioned

NAMESPACE = "Microsoft.Storage"
ACCOUNT_TYPE = "Microsoft.Storage/storageAccounts"
FILE_SERVICE_TYPE = "Microsoft.Storage/storageAccounts/fileServices"
SHARE_TYPE = "Microsoft.Storage/storageAccounts/fileServices/shares"
IN_SUBSCRIPTION = f"/subscriptions/{{subscription}}/providers/{NAMESPACE}"
IN_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{NAMESPACE}"
ACCOUNT = f"{IN_GROUP}/storageAccounts/{{account}}"
FILE_SERVICES = f"{ACCOUNT}/fileServices"
SHARES = f"{FILE_SERVICES}/default/shares"


def account_id(subscription: str, group: str, account: str) -> str:
    """An account's ARM id."""
    return f"{group_id(subscription, group)}/providers/{ACCOUNT_TYPE}/{account}"


def account_of(cloud: Cloud, call: Call, *, provisioned: bool = True) -> Resource:
    """The account that a call names; 404, or 409 while it is being made (`provisioned`: what asks cannot wait)."""
    subscription, group, name = (call.parameter(part) for part in ("subscription", "group", "account"))
    require_group(cloud, call)
    account = cloud.store.get(account_id(subscription, group, name))
    if account is None:
        raise resource_not_found(ACCOUNT_TYPE, name, group)
    if provisioned and account.body["properties"]["provisioningState"] != "Succeeded":
        raise not_provisioned()
    return account


def service_id(account: Resource) -> str:
    """The ARM id of an account's one file service."""
    return f"{account.id}/fileServices/default"


def share_id(account: Resource, share: str) -> str:
    """A share's ARM id."""
    return f"{service_id(account)}/shares/{share}"


def answered(status: int, body: Document, headers: dict[str, str] | None = None) -> Answer:
    """An answer as this provider sends it: its content type names no charset."""
    return Answer(status, body, headers or {}, content_type="application/json")
