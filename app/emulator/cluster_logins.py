"""How Entra and AKS together decide who may log in to a cluster."""

from dataclasses import dataclass

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import section
from app.emulator.core.errors import AzureError
from app.emulator.identity.tokens import TokenIssuer
from app.emulator.kubernetes.credentials import MASTERS, User
from app.emulator.kubernetes.logins import AKS_SERVER_ID


@dataclass(frozen=True)
class ClusterLogins:
    """By the cluster's resource. Who comes with a token of Entra's may do all: roles in Entra are not kept here."""

    cloud: Cloud
    tokens: TokenIssuer

    def entra(self, key: str, token: str) -> User | None:
        """Return whom a token is of, where the cluster is joined with Entra and the token is for AKS's application."""
        cluster = self.cloud.store.get(key)
        if cluster is None or not section(cluster.body, "properties", "aadProfile").get("managed"):
            return None
        try:
            principal = self.tokens.verify(f"Bearer {token}", audiences=(AKS_SERVER_ID,))
        except AzureError:
            return None
        return User(principal, (MASTERS, "system:authenticated"))

    def local_accounts(self, key: str) -> bool:
        """Tell whether the cluster has not turned its local accounts off."""
        cluster = self.cloud.store.get(key)
        return cluster is None or not cluster.body["properties"].get("disableLocalAccounts")
