"""The one file service of an account: how long deleted shares are kept, and what SMB is like."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, clone, overlay, section
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.providers.storage.errors import refused
from app.emulator.providers.storage.names import (
    FILE_SERVICE_TYPE,
    FILE_SERVICES,
    NAMESPACE,
    account_of,
    answered,
    service_id,
)

_DEFAULTS: Document = {
    "protocolSettings": {"smb": {}},
    "cors": {"corsRules": []},
    "shareDeleteRetentionPolicy": {"enabled": True, "days": 7},
}
_RETENTION_DAYS = range(1, 366)


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("GET", FILE_SERVICES, "FileServices_List", _list, NAMESPACE),
        Route("GET", f"{FILE_SERVICES}/default", "FileServices_GetServiceProperties", _get, NAMESPACE),
        Route("PUT", f"{FILE_SERVICES}/default", "FileServices_SetServiceProperties", _put, NAMESPACE),
    ]


def retention_days(account: Resource) -> int:
    """For how many days a deleted share can be restored; 0 where it cannot."""
    policy = _properties(account)["shareDeleteRetentionPolicy"]
    return int(policy.get("days") or 0) if policy.get("enabled") else 0


def _properties(account: Resource) -> Document:
    return overlay(_DEFAULTS, account.internal.get("file_service", {}))


def _show(account: Resource) -> Document:
    return {
        "sku": clone(account.body["sku"]),
        "id": service_id(account),
        "name": "default",
        "type": FILE_SERVICE_TYPE,
        "properties": _properties(account),
    }


async def _list(cloud: Cloud, call: Call) -> Answer:
    return answered(200, {"value": [_show(account_of(cloud, call))]})


async def _get(cloud: Cloud, call: Call) -> Answer:
    return answered(200, _show(account_of(cloud, call)))


async def _put(cloud: Cloud, call: Call) -> Answer:
    account = account_of(cloud, call)
    document = call.document()
    asked = section(document, "properties")
    policy = section(asked, "shareDeleteRetentionPolicy")
    if policy.get("enabled") and policy.get("days") not in _RETENTION_DAYS:
        raise refused(400, "InvalidXmlNodeValue", "The value for one of the XML nodes is not in the correct format.")
    account.internal["file_service"] = overlay(account.internal.get("file_service", {}), asked)
    cloud.store.touch(account)
    call.effect = "updated"
    # Azure repeats what was sent, and nothing else.
    return answered(200, {"name": "default", **({"properties": asked} if asked else {})})
