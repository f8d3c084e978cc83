"""As whom a cluster acts in Azure, and who may log in to it."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.api.in_part import unless_refused
from app.api.schemas import Choice, RequestModel
from app.clusters.schemas.azure_names import Guid, ResourceId, VaultSecretId
from app.core.text import PLAIN


class IdentityType(StrEnum):
    """As whom the cluster acts in Azure."""

    SYSTEM_ASSIGNED = "SystemAssigned"
    USER_ASSIGNED = "UserAssigned"
    SERVICE_PRINCIPAL = "ServicePrincipal"


class SecretReference(RequestModel):
    """Where a secret lies. Slipway takes it from there when it is needed, and keeps it nowhere."""

    key_vault_secret_id: VaultSecretId | None = None
    """A secret of a Key Vault of this cloud, which Slipway's identity may read; without a version, the newest."""
    setting: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9_-]*$"), PLAIN] | None = None
    """A name under SLIPWAY_SECRETS__NAMED."""

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        with unless_refused():
            if (self.key_vault_secret_id is None) == (self.setting is None):
                raise PydanticCustomError("reference_ambiguous", "Give either `key_vault_secret_id` or `setting`")
        return self


class ServicePrincipal(RequestModel):
    """An application of Entra's, for clusters that have no managed identity."""

    client_id: Guid
    secret: SecretReference


class Identity(RequestModel):
    """As whom the cluster and its nodes act in Azure."""

    type: Choice[IdentityType] = IdentityType.SYSTEM_ASSIGNED
    user_assigned_id: ResourceId | None = None
    kubelet_id: ResourceId | None = None
    """The nodes' own identity; it takes a user-assigned one for the cluster."""
    service_principal: ServicePrincipal | None = None


class Entra(RequestModel):
    """Users log in through Entra."""

    admin_group_ids: Annotated[list[Guid], Field(max_length=50)] | None = None
    tenant_id: Guid | None = None
    azure_rbac: bool | None = None
    """Azure's roles decide what users may do in the cluster."""


class Access(RequestModel):
    """Who may log in to the cluster."""

    entra: Entra | None = None
    local_accounts: bool | None = None
    """false: no certificate logs in, only Entra; it takes `entra`."""
