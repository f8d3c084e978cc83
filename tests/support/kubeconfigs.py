"""Kubeconfigs as AKS returns them, with an authority and keys of their own."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

FQDN = "prod-1a2b3c4d.hcp.westeurope.azmk8s.io"
TOKEN = "t0ken" * 8


def base64_text(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@dataclass(frozen=True)
class Pair:
    certificate: str
    key: str


class Authority:
    """A certificate authority of a test."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.pair = self._sign("ca", self._key, is_authority=True, names=())

    def sign(self, common_name: str, *names: str) -> Pair:
        return self._sign(common_name, ec.generate_private_key(ec.SECP256R1()), is_authority=False, names=names)

    def _sign(
        self, common_name: str, key: ec.EllipticCurvePrivateKey, *, is_authority: bool, names: tuple[str, ...]
    ) -> Pair:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=700))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if names:
            alternatives = [x509.DNSName(name) for name in names]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Pair(
            certificate.public_bytes(Encoding.PEM).decode(),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        )


def dump(document: object) -> bytes:
    return yaml.safe_dump(document, sort_keys=False).encode()


def local_document(authority: Authority, pair: Pair, *, fqdn: str = FQDN) -> dict[str, Any]:
    """A kubeconfig of a cluster with local accounts."""
    name = "clusterUser_group_prod"
    return {
        "apiVersion": "v1",
        "clusters": [
            {
                "name": "prod",
                "cluster": {
                    "certificate-authority-data": base64_text(authority.pair.certificate),
                    "server": f"https://{fqdn}:443",
                },
            }
        ],
        "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": name}}],
        "current-context": "prod",
        "kind": "Config",
        "preferences": {},
        "users": [
            {
                "name": name,
                "user": {
                    "client-certificate-data": base64_text(pair.certificate),
                    "client-key-data": base64_text(pair.key),
                    "token": TOKEN,
                },
            }
        ],
    }


def entra_login() -> dict[str, Any]:
    """The user of a cluster that logs in through Entra."""
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "kubelogin",
            "args": [
                "get-token",
                "--environment",
                "AzurePublicCloud",
                "--server-id",
                "6dae42f8-4368-4678-94ff-3960e28e3630",
                "--client-id",
                "80faf920-1908-4b52-b5ef-a8e7bedfc67a",
                "--tenant-id",
                "00000000-1111-2222-3333-444444444444",
                "--login",
                "devicecode",
            ],
            "env": None,
            "provideClusterInfo": False,
        }
    }
