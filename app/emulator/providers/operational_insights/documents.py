"""What a workspace looks like, and what may be asked of one."""

import re
from datetime import datetime, timedelta

from app.emulator.core.documents import Document, arm_time, overlay, section
from app.emulator.core.gateway import check_tags
from app.emulator.providers.operational_insights.names import WORKSPACE_TYPE, refused

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]")
_SKUS = {"pergb2018": "PerGB2018", "standalone": "PerGB2018", "capacityreservation": "CapacityReservation"}
"""What is asked for, in lower case, and what it is today."""
_RETENTION_DAYS = range(30, 731)
_SETTABLE = ("retentionInDays", "workspaceCapping", "publicNetworkAccessForIngestion", "publicNetworkAccessForQuery")


def check_name(name: str) -> None:
    """Refuse what is no name for a workspace."""
    if not _NAME.fullmatch(name):
        raise refused(
            400,
            "InvalidWorkspaceName",
            f"The workspace name '{name}' is invalid: it has 4 to 63 letters, digits and hyphens, and begins and ends "
            "with a letter or digit.",
        )


def new_body(
    identity: str, name: str, location: str, document: Document, *, customer_id: str, now: datetime
) -> Document:
    """A workspace as it is made by a PUT; it is `Creating`."""
    stamp = arm_time(now)
    body: Document = {
        "properties": {
            "customerId": customer_id,
            "provisioningState": "Creating",
            "sku": {"name": "PerGB2018", "lastSkuUpdate": stamp},
            "retentionInDays": _RETENTION_DAYS[0],
            "features": {"legacy": 0, "searchVersion": 1, "enableLogAccessUsingOnlyResourcePermissions": True},
            "workspaceCapping": {
                "dailyQuotaGb": -1.0,
                "quotaNextResetTime": arm_time(now + timedelta(days=1)),
                "dataIngestionStatus": "RespectQuota",
            },
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            "createdDate": stamp,
            "modifiedDate": stamp,
        },
        "location": location,
        "id": identity,
        "name": name,
        "type": WORKSPACE_TYPE,
    }
    return changed_body(body, document, now)


def changed_body(body: Document, document: Document, now: datetime) -> Document:
    """A workspace after another PUT or a PATCH."""
    asked = section(document, "properties")
    sku = section(asked, "sku").get("name")
    if sku is not None and str(sku).lower() not in _SKUS:
        raise refused(400, "InvalidParameter", f"The sku '{sku}' is not available for new workspaces.")
    days = asked.get("retentionInDays")
    if days is not None and (isinstance(days, bool) or days not in _RETENTION_DAYS):
        raise refused(
            400,
            "InvalidParameter",
            f"Retention is not valid for this workspace: {days}. Supported: {_RETENTION_DAYS[0]} to "
            f"{_RETENTION_DAYS[-1]} days.",
        )
    properties = overlay(body["properties"], {name: asked[name] for name in _SETTABLE if name in asked})
    if sku is not None:
        properties["sku"] = {**properties["sku"], "name": _SKUS[str(sku).lower()]}
    properties["modifiedDate"] = arm_time(now)
    result = {**body, "properties": properties}
    if document.get("tags") is not None:
        result["tags"] = check_tags(document)
    return result
