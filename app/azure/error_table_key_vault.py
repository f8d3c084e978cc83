"""What Key Vault's data plane says, and what Slipway says of its secrets.

https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
"""

from app.azure.error_row import Action, Row, row
from app.core.errors import ErrorClass

_CONFIGURATION = ErrorClass.CONFIGURATION
_PERMISSION = ErrorClass.PERMISSION
_VAULT = "Microsoft.KeyVault"

# fmt: off
VAULT_NOT_FOUND = row(
    "azure_key_vault_not_found", _CONFIGURATION, Action.FAIL,
    "There is no vault of this name, or it was deleted: its name is not in DNS.",
    "Correct the vault's name, or recover the vault, then retry.",
    codes="VaultNotFound", provider=_VAULT)
# Key Vault gives these out all the same: it leaves the judgement to its callers.
SECRET_EXPIRED = row(
    "azure_key_vault_secret_expired", _CONFIGURATION, Action.FAIL,
    "The secret has expired in its vault.",
    "Put a new version with a later end into the vault. If the id names a version, give the id of the new one.")
SECRET_NOT_YET_VALID = row(
    "azure_key_vault_secret_not_yet_valid", _CONFIGURATION, Action.FAIL,
    "The secret is not valid yet: its activation date lies ahead.",
    "Retry when it is valid, or change the date in the vault.")

KEY_VAULT_ROWS: tuple[Row, ...] = (
    VAULT_NOT_FOUND,
    row("azure_key_vault_secret_not_found", _CONFIGURATION, Action.FAIL,
        "The vault has no secret of this name and version, or it was deleted.",
        "Correct the id, or put the secret into the vault, or recover it, then retry.",
        codes="SecretNotFound", provider=_VAULT),
    row("azure_key_vault_secret_disabled", _CONFIGURATION, Action.FAIL,
        "This version of the secret is disabled in its vault.",
        "Enable it, or put a new version into the vault, then retry.",
        codes="SecretDisabled", provider=_VAULT),
    row("azure_key_vault_firewall", _PERMISSION, Action.FAIL,
        "The vault's network rules shut Slipway out.",
        "Have the vault's owner allow the address from which Slipway calls, or a private endpoint in its network.",
        codes="ForbiddenByFirewall ForbiddenByConnection", provider=_VAULT),
    row("azure_key_vault_denied", _PERMISSION, Action.FAIL,
        "Slipway's identity may not read this secret.",
        "Have an owner or user access administrator of the vault give Slipway's identity the role Key Vault Secrets "
        "User on the vault or the secret; where the vault has access policies, the secret permission Get. A role "
        "takes some minutes to hold.",
        codes="ForbiddenByRbac ForbiddenByPolicy AccessDenied Forbidden", provider=_VAULT),
)
# fmt: on
