"""Resource groups and resource providers on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.api.schemas import RequestModel, ResponseModel
from app.core.text import PLAIN
from app.jobs.schemas import JobRead, RunOptions

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources, but 64
# where Azure takes 90: AKS puts the name into that of its own group, which has 80.
GroupName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_().-]*[A-Za-z0-9_()-]$"),
    PLAIN,
    Field(examples=["shop"]),
]
LocationName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9]+$"),
    PLAIN,
    Field(examples=["westeurope"]),
]
# https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^<>%&\\?/]+$"), PLAIN]
TagValue = Annotated[str, StringConstraints(max_length=256), PLAIN]
# Azure takes 50; some are Slipway's own.
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=40)]


class ResourceGroupCreate(RequestModel):
    """A new resource group."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "payments-prod", "location": "westeurope", "tags": {"cost-center": "4711"}}]
        }
    )

    name: GroupName
    """Unique in the project, without regard to case; the group's name in Azure too."""
    location: LocationName
    """Where Azure keeps the group's own data; what lies in it may be elsewhere."""
    tags: Annotated[Tags, Field(default_factory=dict)]
    options: RunOptions = RunOptions()


class ResourceGroupRead(ResponseModel):
    """A resource group that the project uses."""

    id: str
    name: str
    state: str
    """creating, ready, deleting, deleted or failed; new states may come."""
    location: str
    subscription_id: str
    azure_id: str
    managed: bool
    """Slipway made it in Azure for this project. One that is not managed is used as it is, never changed or removed."""
    made_for_cluster: bool
    """It was made on the way of a cluster's create, and goes with the last cluster in it."""
    tags: dict[str, str]
    """Without those that Slipway sets itself."""
    created_by: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class ResourceGroupAccepted(ResponseModel):
    """The job that does it, and the resource group as it is now."""

    job: JobRead
    resource: ResourceGroupRead


class ProviderRegister(RequestModel):
    """Nothing needs to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    options: RunOptions = RunOptions()


class ProviderRead(ResponseModel):
    """A resource provider of the project's subscription."""

    namespace: str
    registration_state: str
    """Azure's own word: NotRegistered, Registering, Registered, Unregistering; new ones may come."""
    registered: bool
    """Whether resources of this provider can be made."""
    subscription_id: str
    observed_at: datetime
    """When Azure said so."""


class ProviderAccepted(ResponseModel):
    """The job that registers the provider, and the provider as it was last seen."""

    job: JobRead
    resource: ProviderRead | None
