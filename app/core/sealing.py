"""Seals secrets that must lie in a row for a while: Fernet (AES-128-CBC with HMAC-SHA256), with keys from the settings.

The first key seals, all of them open, so that keys can be changed: https://cryptography.io/en/latest/fernet/
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from app.core.errors import ConflictError


class NoSealingKeyError(ConflictError):
    """A request brought a secret that must be kept for a while, and there is no key to seal it with."""

    code = "no_sealing_key"
    title = "There is no key to keep the secret under"
    remedy = "Have the operator set SLIPWAY_SECRETS__KEYS, or leave the secret out."


class SealBrokenError(ConflictError):
    """A sealed secret opens with none of the keys: the one that sealed it was taken out of the settings too early."""

    code = "seal_broken"
    title = "A secret that was kept cannot be read any more"
    remedy = "Have the operator put the former key back at the end of SLIPWAY_SECRETS__KEYS, then retry the job."


def seal(secret: SecretStr, keys: Sequence[SecretStr]) -> bytes:
    """Encrypt with the first key. Raises NoSealingKeyError."""
    if not keys:
        raise NoSealingKeyError("The settings have no key for secrets.")
    return _fernet(keys).encrypt(secret.get_secret_value().encode())


def unseal(sealed: bytes, keys: Sequence[SecretStr]) -> str:
    """What was sealed with one of the keys. Raises SealBrokenError."""
    try:
        return _fernet(keys).decrypt(sealed).decode() if keys else _broken()
    except InvalidToken:
        return _broken()


def _broken() -> str:
    raise SealBrokenError("None of the keys in the settings opens a secret that was kept.")


def _fernet(keys: Sequence[SecretStr]) -> MultiFernet:
    return MultiFernet([Fernet(key.get_secret_value()) for key in keys])
