"""What Azure offers, over HTTP."""

from datetime import datetime
from typing import Generic, TypeVar

from pydantic import Field

from app.api.pagination import Page
from app.api.schemas import ResponseModel

_Item = TypeVar("_Item", bound=ResponseModel)


class CatalogPage(Page[_Item], Generic[_Item]):
    """One page of a list that Azure gave."""

    observed_at: datetime = Field(description="When Azure was asked.")


class LocationRead(ResponseModel):
    """A region of Azure."""

    name: str = Field(examples=["westeurope"])
    display_name: str = Field(examples=["West Europe"])


class KubernetesVersionRead(ResponseModel):
    """A patch version that AKS offers in a location."""

    version: str = Field(examples=["1.33.5"])
    minor: str = Field(description="Asking for it takes its newest patch version.", examples=["1.33"])
    is_default: bool = Field(description="Whether AKS takes this minor version when none is asked for.")
    is_preview: bool
    upgrades: list[str] = Field(description="The versions that one upgrade leads to.")
    support_plans: list[str] = Field(
        description="With which plans a cluster may have it; `AKSLongTermSupport` alone where its usual time is over.",
        examples=[["KubernetesOfficial", "AKSLongTermSupport"]],
    )


class NodeSizeRead(ResponseModel):
    """A size of machine that a location has."""

    name: str = Field(examples=["Standard_D2s_v5"])
    cores: int
    memory_gib: float
    max_data_disks: int
    family: str | None = Field(description="Whose quota its cores take.", examples=["standardDSv5Family"])
    zones: list[str] = Field(description="Those that have it and that the subscription may use.")
    restricted: str | None = Field(
        description="Why the subscription may not have it here, in Azure's word; null when it may.",
        examples=["NotAvailableForSubscription"],
    )
