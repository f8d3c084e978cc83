"""Certificates and keys out of a kubeconfig: decoded, checked, and written anew."""

import base64
import binascii
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.kubernetes.errors import KubeconfigRule, UntrustedKubeconfigError
from app.kubernetes.types.kubeconfig import ClientCertificate


def authorities(data: str) -> str:
    """Return the PEM of an authority bundle given in base64. Each certificate in it must be one of an authority."""
    try:
        certificates = x509.load_pem_x509_certificates(base64.b64decode(data, validate=True))
        are_authorities = [
            certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            for certificate in certificates
        ]
    except (
        binascii.Error,
        ValueError,
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ):
        raise UntrustedKubeconfigError(KubeconfigRule.AUTHORITY) from None
    if not all(are_authorities):
        raise UntrustedKubeconfigError(KubeconfigRule.AUTHORITY)
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


def first_end(bundle: str) -> datetime:
    """When the first certificate of a PEM bundle ends that was checked before."""
    return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(bundle.encode()))


def client_certificate(certificate_data: str, key_data: str) -> ClientCertificate:
    """Return a client certificate and its key, both given in base64 of PEM. The two must belong together."""
    try:
        certificate = x509.load_pem_x509_certificate(base64.b64decode(certificate_data, validate=True))
        key = load_pem_private_key(base64.b64decode(key_data, validate=True), password=None)
        certified = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        owned = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (binascii.Error, ValueError, TypeError, UnsupportedAlgorithm):
        # The cause may quote the key.
        raise UntrustedKubeconfigError(KubeconfigRule.CLIENT_CERTIFICATE) from None
    if certified != owned:
        raise UntrustedKubeconfigError(KubeconfigRule.CLIENT_CERTIFICATE)
    return ClientCertificate(
        certificate_pem=certificate.public_bytes(Encoding.PEM).decode(),
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        expires_at=certificate.not_valid_after_utc,
    )
