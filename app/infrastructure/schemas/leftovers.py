"""What is left over, on the wire."""

from datetime import datetime

from pydantic import ConfigDict

from app.api.schemas import ResponseModel

_DISK = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/MC_demo_blue_westeurope/providers"


class LeftoverRead(ResponseModel):
    """One thing that nothing seems to need any more. Slipway removes none of it by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "Microsoft.Compute/disks",
                "id": None,
                "name": "pvc-4c1f",
                "azure_id": f"{_DISK}/Microsoft.Compute/disks/pvc-4c1f",
                "cluster_id": "cls_01m8dzr332rnkcsp89sm1z1xs8",
                "cluster": "blue",
                "location": "westeurope",
                "resource_group": "MC_demo_blue_westeurope",
                "foreign": False,
                "since": "2026-11-02T08:00:00Z",
                "reason": "Nothing in Azure refers to it.",
                "remedy": "Remove it in Azure, or delete the cluster: it goes with the node resource group.",
            }
        }
    )

    kind: str
    """`public_ip`, `share`, `storage_account`, `workspace`, `resource_group` of Slipway's, or Azure's own type."""
    id: str | None
    """Of Slipway's own."""
    name: str
    azure_id: str | None
    cluster_id: str | None
    """The cluster that it belongs to or was made for; it may be gone."""
    cluster: str | None
    location: str
    resource_group: str
    foreign: bool
    """Neither Slipway nor AKS seems to have put it there."""
    since: datetime
    """Since when nothing needs it, as far as was seen."""
    reason: str
    remedy: str
