"""The rules of secrets that a create brings or names."""

import string
from collections.abc import Collection

from app.clusters.schemas.clusters import ClusterCreate
from app.clusters.schemas.identity import SecretReference
from app.clusters.specs.rejections import Rejections

_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
# https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update#managedclusterwindowsprofile
_LEAST_KINDS = 3


def check_secrets(body: ClusterCreate, *, named: Collection[str], rejections: Rejections) -> None:
    """Note what is wrong with them. `named`: the names under which the settings have secrets."""
    if body.windows_password is not None:
        _check_password(body.windows_password.get_secret_value(), rejections)
    principal = body.identity.service_principal if body.identity is not None else None
    if principal is not None:
        check_reference(principal.secret, "/identity/service_principal/secret", named=named, rejections=rejections)


def check_reference(secret: SecretReference, at: str, *, named: Collection[str], rejections: Rejections) -> None:
    """Note what is wrong with where a secret is said to lie, which stands at `at`."""
    if secret.key_vault_secret_id is not None:
        rejections.add(
            "key_vault_not_read",
            f"{at}/key_vault_secret_id",
            "This Slipway reads no Key Vault. Have the operator set the secret under SLIPWAY_SECRETS__NAMED, and give "
            "its name as `setting`.",
        )
    elif secret.setting not in named:
        rejections.add(
            "unknown_secret_setting",
            f"{at}/setting",
            "The settings have no secret of this name. Have the operator set it under SLIPWAY_SECRETS__NAMED.",
        )


def _check_password(password: str, rejections: Rejections) -> None:
    kinds = sum(any(character in kind for character in password) for kind in _KINDS)
    kinds += any(not character.isalnum() for character in password)
    if kinds < _LEAST_KINDS:
        rejections.add(
            "password_too_simple",
            "/windows_password",
            f"Azure takes {_LEAST_KINDS} of: small letters, capital letters, digits, other characters.",
        )
