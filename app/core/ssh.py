"""SSH keys as AKS takes them: RSA of at least 2048 bits, or Ed25519."""

from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_public_key,
)

_LEAST_RSA_BITS = 2048
_COMMENT = "slipway"


class RefusedKeyError(ValueError):
    """The text is no public key that AKS takes. `code` and the message say what it is instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new key pair in OpenSSH's forms."""

    public: str
    private: str = field(repr=False)


def check_public_key(text: str) -> str:
    """Return the key without surrounding space. Raises RefusedKeyError; its message never repeats the key."""
    key = text.strip()
    if "PRIVATE KEY" in key:
        raise RefusedKeyError(
            "private_key_given",
            "This is a private key. Send the public one (`….pub`), and consider this private key as known to others.",
        )
    if "\n" in key:
        raise RefusedKeyError("invalid_ssh_key", "An OpenSSH public key is one line: `ssh-ed25519 AAAA… comment`.")
    try:
        loaded = load_ssh_public_key(key.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise RefusedKeyError("invalid_ssh_key", "This is no OpenSSH public key (`ssh-ed25519 AAAA…`).") from None
    if isinstance(loaded, RSAPublicKey) and loaded.key_size < _LEAST_RSA_BITS:
        raise RefusedKeyError("weak_ssh_key", f"An RSA key needs at least {_LEAST_RSA_BITS} bits.")
    if not isinstance(loaded, RSAPublicKey | Ed25519PublicKey):
        raise RefusedKeyError("unsupported_ssh_key", "AKS takes RSA and Ed25519 keys only.")
    return key


def same_key(one: str, other: str) -> bool:
    """Whether two public keys are the same one; their comments are no part of them."""
    return one.split()[:2] == other.split()[:2]


def generate_key_pair() -> KeyPair:
    """Make an Ed25519 key pair."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return KeyPair(f"{public} {_COMMENT}", private)
