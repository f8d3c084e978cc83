"""Who may talk to a cluster: its authority, its server certificate, its two accounts, and their kubeconfigs."""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from app.emulator.kubernetes.certificates import Authority, KeyPair
from app.emulator.kubernetes.documents import JSON

LOOPBACK = "127.0.0.1"
MASTERS = "system:masters"


@dataclass(frozen=True)
class User:
    """Whom a request comes from, as SelfSubjectReview tells it."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """A client certificate and a bearer token of one user name."""

    name: str
    pair: KeyPair
    token: str


@dataclass(frozen=True)
class Credentials:
    """All keys of one cluster; kept over a restart."""

    ca: KeyPair
    server: KeyPair
    user: Account
    admin: Account

    @classmethod
    def create(cls, fqdn: str) -> "Credentials":
        """Make new keys for a cluster of that name."""
        # AKS names its authority "ca"; the rest keeps apart what two clusters issue.
        authority = Authority.create(f"ca-{secrets.token_hex(8)}")
        names = ["localhost", fqdn, "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        return cls(
            ca=authority.pair,
            server=authority.server(names, LOOPBACK),
            user=_account(authority, "clusterUser"),
            admin=_account(authority, "masterclient"),
        )

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> "Credentials":
        """Read what `dump` wrote."""
        accounts = {
            role: Account(saved[role]["name"], KeyPair(**saved[role]["pair"]), saved[role]["token"])
            for role in ("user", "admin")
        }
        return cls(ca=KeyPair(**saved["ca"]), server=KeyPair(**saved["server"]), **accounts)

    def dump(self) -> dict[str, JSON]:
        """Return all keys as JSON."""
        return asdict(self)

    def by_certificate(self, common_name: str) -> User | None:
        """Return the user of a certificate that TLS has verified against this cluster's authority."""
        known = {account.name for account in (self.user, self.admin)}
        return _user(common_name) if common_name in known else None

    def by_token(self, token: str) -> User | None:
        """Return the user of a bearer token, or None for one that this cluster did not issue."""
        for account in (self.user, self.admin):
            if hmac.compare_digest(account.token.encode(), token.encode()):
                return _user(account.name)
        return None


def _account(authority: Authority, name: str) -> Account:
    return Account(name, authority.client(name, MASTERS), secrets.token_hex(64))


def _user(name: str) -> User:
    return User(name, (MASTERS, "system:authenticated"))


def local_user(account: Account) -> dict[str, JSON]:
    """Return a kubeconfig's user who logs in with the cluster's own keys."""
    return {
        "client-certificate-data": _base64(account.pair.certificate),
        "client-key-data": _base64(account.pair.key),
        "token": account.token,
    }


def entra_user(*, server_id: str, client_id: str, tenant_id: str) -> dict[str, JSON]:
    """Return a kubeconfig's user who logs in through Entra, with kubelogin, as AKS issues it (`format=exec`)."""
    arguments: list[JSON] = ["get-token", "--environment", "AzurePublicCloud", "--server-id", server_id]
    arguments += ["--client-id", client_id, "--tenant-id", tenant_id, "--login", "devicecode"]
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "kubelogin",
            "args": arguments,
            "env": None,
            "installHint": "kubelogin is not installed; see https://aka.ms/aks/kubelogin",
            "provideClusterInfo": False,
        }
    }


def kubeconfig(
    login: Mapping[str, JSON], ca: KeyPair, *, cluster: str, user: str, server: str, tls_server_name: str
) -> bytes:
    """Return a kubeconfig as AKS issues it, which reaches the cluster on the loopback address.

    Its context has the cluster's name for either role: the `-admin` that users know is added by `az`.
    """
    document = {
        "apiVersion": "v1",
        "clusters": [
            {
                "cluster": {
                    "certificate-authority-data": _base64(ca.certificate),
                    "server": server,
                    "tls-server-name": tls_server_name,
                },
                "name": cluster,
            }
        ],
        "contexts": [{"context": {"cluster": cluster, "user": user}, "name": cluster}],
        "current-context": cluster,
        "kind": "Config",
        "preferences": {},
        "users": [
            {"name": user, "user": dict(login)},
        ],
    }
    return yaml.safe_dump(document, sort_keys=False, width=1 << 20).encode()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
