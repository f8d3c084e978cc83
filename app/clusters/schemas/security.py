"""What guards a cluster."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.api.schemas import Choice, RequestModel
from app.clusters.schemas.azure_names import KeyVaultId, Minutes, ResourceId


class KmsAccess(StrEnum):
    """How the API server reaches the vault."""

    PUBLIC = "Public"
    PRIVATE = "Private"


class KeyVaultKms(RequestModel):
    """Secrets in the cluster's store are encrypted with a key of a vault."""

    key_id: KeyVaultId
    network_access: Choice[KmsAccess] = KmsAccess.PUBLIC
    vault_id: ResourceId | None = None
    """The vault, where it is reached privately."""


class KeyVaultSecrets(RequestModel):
    """The driver that mounts secrets of a vault into pods."""

    rotation: bool = False
    rotation_interval_minutes: Minutes | None = None


class ImageCleaner(RequestModel):
    """Removes images from nodes that no pod uses."""

    interval_hours: Annotated[int, Field(ge=24, le=2160)] | None = None


class Defender(RequestModel):
    """Microsoft Defender watches the cluster."""

    workspace_id: ResourceId


class Security(RequestModel):
    """What guards the cluster. A member that is null is off."""

    key_vault_kms: KeyVaultKms | None = None
    key_vault_secrets: KeyVaultSecrets | None = None
    oidc_issuer: bool | None = None
    """Cannot be switched off again."""
    workload_identity: bool | None = None
    """It takes `oidc_issuer`."""
    image_cleaner: ImageCleaner | None = None
    defender: Defender | None = None
