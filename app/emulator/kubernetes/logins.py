"""Who may log in to a cluster beside the holders of its own keys, and whether those still may."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.emulator.kubernetes.credentials import Credentials, User

AKS_SERVER_ID = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""Entra's application for the API servers of all AKS clusters; tokens for clusters have it as audience."""
AKS_CLIENT_ID = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
"""Entra's application as which kubelogin logs a person in."""


class Logins(Protocol):
    """What the platform decides; both by cluster key."""

    def entra(self, key: str, token: str) -> User | None:
        """Return whom a token of Entra's is of; None for one that the cluster does not take."""
        ...

    def local_accounts(self, key: str) -> bool:
        """Tell whether the cluster's own certificates and tokens are taken."""
        ...


class LocalLogins:
    """Without a platform: a cluster's own keys, and nothing else."""

    def entra(self, key: str, token: str) -> User | None:  # noqa: ARG002 - a protocol's signature
        """Take none."""
        return None

    def local_accounts(self, key: str) -> bool:  # noqa: ARG002 - a protocol's signature
        """Take them."""
        return True


@dataclass(frozen=True)
class Door:
    """One cluster's: tells who somebody is. `logins` is asked each time, since a cluster may be changed."""

    credentials: Credentials
    key: str
    logins: Callable[[], Logins]

    def by_certificate(self, common_name: str) -> User | None:
        """Return the user of a certificate that TLS has verified against this cluster's authority."""
        return self.credentials.by_certificate(common_name) if self.logins().local_accounts(self.key) else None

    def by_token(self, token: str) -> User | None:
        """Return the user of a bearer token, or None for one that opens nothing here."""
        logins = self.logins()
        local = self.credentials.by_token(token) if logins.local_accounts(self.key) else None
        return local or logins.entra(self.key, token)
