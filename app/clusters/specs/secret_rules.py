"""The rules of secrets that a request brings or names, and of the key that opens the nodes."""

import string
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from pydantic import SecretStr

from app.api.in_part import unless_refused
from app.azure.types.key_vault import vault_secret_id
from app.clusters.schemas.clusters import ClusterCreate
from app.clusters.schemas.identity import SecretReference
from app.clusters.specs.rejections import Rejections
from app.core.settings import Settings
from app.core.ssh import RefusedKeyError, check_public_key

_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
# https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update#managedclusterwindowsprofile
_LEAST_KINDS = 3


@dataclass(frozen=True, slots=True)
class SecretPlaces:
    """Where secrets may lie: the names under which the settings have some, and below what the cloud's vaults are."""

    named: Collection[str]
    vault_dns_suffix: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Where the settings say that they may lie."""
        return cls(settings.secrets.named, settings.azure.key_vault_dns_suffix)


def check_secrets(body: ClusterCreate, *, places: SecretPlaces, rejections: Rejections) -> None:
    """Note what is wrong with them."""
    with unless_refused():
        if body.windows_password is not None:
            check_password(body.windows_password, rejections)
    with unless_refused():
        principal = body.identity.service_principal if body.identity is not None else None
        if principal is not None:
            at = "/identity/service_principal/secret"
            check_reference(principal.secret, at, places=places, rejections=rejections)


def check_reference(secret: SecretReference, at: str, *, places: SecretPlaces, rejections: Rejections) -> None:
    """Note what is wrong with where a secret is said to lie, which stands at `at`."""
    if secret.key_vault_secret_id is not None:
        if vault_secret_id(secret.key_vault_secret_id, dns_suffix=places.vault_dns_suffix) is None:
            rejections.add(
                "not_a_key_vault",
                f"{at}/key_vault_secret_id",
                f"Secrets of this cloud's vaults are at https://<vault>.{places.vault_dns_suffix}/secrets/<name>, with "
                "or without a version behind it.",
            )
    elif secret.setting not in places.named:
        rejections.add(
            "unknown_secret_setting",
            f"{at}/setting",
            "The settings have no secret of this name. Have the operator set it under SLIPWAY_SECRETS__NAMED.",
        )


def check_password(given: SecretStr, rejections: Rejections) -> None:
    """Note what is wrong with the password of the Windows nodes' administrator."""
    password = given.get_secret_value()
    kinds = sum(any(character in kind for character in password) for kind in _KINDS)
    kinds += any(not character.isalnum() for character in password)
    if kinds < _LEAST_KINDS:
        rejections.add(
            "password_too_simple",
            "/windows_password",
            f"Azure takes {_LEAST_KINDS} of: small letters, capital letters, digits, other characters.",
        )


def check_ssh_key(text: str, rejections: Rejections) -> str:
    """The public key without surrounding space; notes what is wrong with it."""
    try:
        return check_public_key(text)
    except RefusedKeyError as refused:
        rejections.add(refused.code, "/ssh_public_key", str(refused))
        return text
