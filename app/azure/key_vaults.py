"""Secrets of Key Vault, read when they are used. Each vault has an address of its own, and all have one audience."""

from datetime import datetime
from functools import lru_cache

from azure.keyvault.secrets.aio import SecretClient

from app.azure import errors
from app.azure.data_planes import DataPlanes
from app.azure.error_table_key_vault import SECRET_EXPIRED, SECRET_NOT_YET_VALID, VAULT_NOT_FOUND
from app.azure.errors import AzureError
from app.azure.policies import UNKNOWN_HOST
from app.azure.types.call import Call
from app.azure.types.key_vault import VaultSecret, vault_secret_id
from app.azure.types.secret import Secret
from app.core.clock import Clock
from app.core.errors import ErrorClass, SlipwayError

_CACHED_CLIENTS = 64


class NotAVaultError(SlipwayError):
    """The id names no secret of a vault in this cloud; nothing was sent there."""

    code = "not_a_key_vault"
    status = 422
    title = "This is no secret of a Key Vault"
    error_class = ErrorClass.CONFIGURATION
    remedy = "Name a secret of a vault in this cloud, or have the operator set SLIPWAY_AZURE__KEY_VAULT_DNS_SUFFIX."


class KeyVaults:
    """All vaults of the cloud: what Slipway's identity may read of them."""

    def __init__(self, planes: DataPlanes, *, dns_suffix: str, address: str) -> None:
        """`address`: where a vault is reached, with `{vault}` in the place of its name."""
        self._planes = planes
        self._dns_suffix = dns_suffix
        self._address = address
        self._vault = lru_cache(maxsize=_CACHED_CLIENTS)(self._open)

    async def secret(self, secret_id: str, *, call: Call) -> VaultSecret:
        """The secret that an id names, and when it ends.

        Raises NotAVaultError before anything is sent, and `AzureError`: `azure_key_vault_...` for what is wrong with
        the vault, the secret or the rights to it. A vault gives out what has expired; here that is an error.
        """
        named = vault_secret_id(secret_id, dns_suffix=self._dns_suffix)
        if named is None:
            raise NotAVaultError(f"Vaults of this cloud are at https://<name>.{self._dns_suffix}.")
        return await self._vault(named.vault).secret(named.name, named.version, call=call)

    def _open(self, name: str) -> "_Vault":
        url = self._address.replace("{vault}", name).rstrip("/")
        pipeline = self._planes.pipeline(url, f"https://{self._dns_suffix}")
        return _Vault(SecretClient(url, self._planes.credential, pipeline=pipeline), self._planes.clock)


class _Vault:
    def __init__(self, client: SecretClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def secret(self, name: str, version: str | None, *, call: Call) -> VaultSecret:
        try:
            found = await self._client.get_secret(name, version, slipway_call=call)
            value, known = found.value, found.properties
            starts_at, ends_at = known.not_before, known.expires_on
        except AzureError as error:
            # A vault that is deleted, or never was, has no name in DNS.
            if UNKNOWN_HOST in error.facts:
                raise AzureError(VAULT_NOT_FOUND) from error
            raise
        except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, OSError):
            # The SDK trusts the shape of an answer. Its own words are left out: they could hold what stood there.
            raise AzureError(errors.MALFORMED, azure_message="the secret's answer has a wrong shape") from None
        if not (isinstance(value, str) and value and _is_time(starts_at) and _is_time(ends_at)):
            raise AzureError(errors.MALFORMED, azure_message="the secret has no value, or dates that are none")
        now = self._clock.now()
        if ends_at is not None and ends_at <= now:
            raise AzureError(SECRET_EXPIRED, azure_message=f"The secret {name} ended on {ends_at:%Y-%m-%d}.")
        if starts_at is not None and starts_at > now:
            raise AzureError(SECRET_NOT_YET_VALID, azure_message=f"The secret {name} begins on {starts_at:%Y-%m-%d}.")
        return VaultSecret(Secret(value), ends_at)


def _is_time(value: object) -> bool:
    return value is None or isinstance(value, datetime)
